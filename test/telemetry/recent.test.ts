import { describe, expect, it } from 'vitest';
import { Refusal, type Event } from '../../src/call/index.ts';
import { createTelemetry, type Lookup } from '../../src/telemetry/index.ts';
import { aCall, aDenial, ended, type CallStory } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

function telemetryAt(start = 1_000_000) {
  const clock = { time: start };
  const telemetry = createTelemetry({ output: keptOutput(), now: () => clock.time });
  const tell = (event: Event) => {
    clock.time += 1;
    telemetry.emit(event);
  };
  return { clock, tell, recent: telemetry.recent };
}

function idOf(lookup: Lookup): string {
  return lookup.kind === 'found' ? lookup.entry.record.id : lookup.kind;
}

const denied = (story: CallStory) => ended(aCall({ denial: aDenial('SCOPE_MISSING'), ...story }));
const refused = (id: string): Event => ({
  kind: 'refused-connection',
  verified: false,
  connection: {
    id,
    time: 0,
    code: 'NO_CERTIFICATE',
    detail: '',
    address: '192.0.2.1:1',
    claimedId: undefined,
    serial: undefined,
  },
});

describe('what `sidegate why` remembers', () => {
  it('is found by whole ID and by a prefix of at least four characters', () => {
    const { tell, recent } = telemetryAt();
    tell(ended(aCall({ id: 'k3f9aaaaaaaaaaaa' })));
    expect(idOf(recent.find('k3f9aaaaaaaaaaaa'))).toBe('k3f9aaaaaaaaaaaa');
    expect(idOf(recent.find('k3f9'))).toBe('k3f9aaaaaaaaaaaa');
    expect(recent.find('k3f')).toEqual({ kind: 'none' });
    expect(recent.find('')).toEqual({ kind: 'none' });
    expect(recent.find('zzzz')).toEqual({ kind: 'none' });
  });

  it('names the candidates of an ambiguous prefix, newest first', () => {
    const { tell, recent } = telemetryAt();
    tell(ended(aCall({ id: 'k3f9aaaaaaaaaaaa' })));
    tell(denied({ id: 'k3f9bbbbbbbbbbbb' }));
    expect(recent.find('k3f9')).toEqual({
      kind: 'ambiguous',
      ids: ['k3f9bbbbbbbbbbbb', 'k3f9aaaaaaaaaaaa'],
    });
    expect(idOf(recent.find('k3f9b'))).toBe('k3f9bbbbbbbbbbbb');
  });

  it('knows the last call and the last denial', () => {
    const { tell, recent } = telemetryAt();
    expect(recent.find('last')).toEqual({ kind: 'none' });
    tell(denied({ id: 'denied' }));
    tell(ended(aCall({ id: 'allowed' })));
    expect(idOf(recent.find('last'))).toBe('allowed');
    expect(idOf(recent.find('last-denial'))).toBe('denied');
    tell(ended(aCall({ id: 'failed', refusal: new Refusal('UPSTREAM_TIMEOUT') })));
    expect(idOf(recent.find('last-denial'))).toBe('failed');
    tell(refused('refused'));
    expect(idOf(recent.find('last-denial'))).toBe('refused');
  });

  it('keeps the rule with its line, the agent and the scopes that were missing', () => {
    const { tell, recent } = telemetryAt();
    const denial = aDenial('SCOPE_MISSING', { missingScopes: ['invoices:write'] });
    tell(ended(aCall({ denial })));
    expect(recent.find('last')).toMatchObject({
      entry: {
        rule: { line: 21, text: '  POST /invoices: [invoices:read]' },
        agent: { line: 5 },
        missingScopes: ['invoices:write'],
        record: { code: 'SCOPE_MISSING' },
      },
    });
  });

  it('keeps the last thousand of each kind, so that neither traffic nor scanners wash a denial out', () => {
    const { tell, recent } = telemetryAt();
    tell(denied({ id: 'the-denial' }));
    for (let i = 0; i < 1500; i++) tell(ended(aCall({ id: `ok-${i}` })));
    for (let i = 0; i < 1500; i++) tell(refused(`no-${i}`));
    expect(recent.list()).toHaveLength(2001);
    expect(idOf(recent.find('the-denial'))).toBe('the-denial');
    expect(idOf(recent.find('ok-499'))).toBe('none');
    expect(idOf(recent.find('ok-500'))).toBe('ok-500');
    expect(idOf(recent.find('last'))).toBe('no-1499');
  });

  it('forgets after an hour', () => {
    const { clock, tell, recent } = telemetryAt();
    tell(denied({ id: 'the-denial' }));
    clock.time += 60 * 60 * 1000;
    expect(recent.find('the-denial')).toEqual({ kind: 'none' });
    expect(recent.find('last')).toEqual({ kind: 'none' });
    expect(recent.list()).toEqual([]);
  });

  it('holds no header and no token', () => {
    const { tell, recent } = telemetryAt();
    tell(ended(aCall()));
    expect(JSON.stringify(recent.list())).not.toContain('SECRET');
  });

  it('knows no call that has only begun', () => {
    const { tell, recent } = telemetryAt();
    tell({ kind: 'call-begun', call: aCall() });
    expect(recent.find('last')).toEqual({ kind: 'none' });
  });
});
