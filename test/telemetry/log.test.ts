import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/call/index.ts';
import { OperatorFault } from '../../src/lib/index.ts';
import { createTelemetry } from '../../src/telemetry/index.ts';
import { aCall, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

const now = () => Date.UTC(2026, 6, 1, 12, 0, 5);

function logged(terminal: boolean, ...events: readonly Event[]): string[] {
  const output = keptOutput({ terminal });
  const telemetry = createTelemetry({ output, now });
  for (const event of events) telemetry.emit(event);
  return output.lines();
}

const failed: Event = {
  kind: 'reload',
  first: false,
  what: 'policy',
  result: { ok: false, why: "policy.yaml:3:1: unknown key 'rutes'\n  Did you mean 'routes'?" },
};
const refused: Event = {
  kind: 'refused-connection',
  verified: false,
  connection: {
    id: 'abcd',
    time: 0,
    code: 'HANDSHAKE_FAILED',
    detail: 'plain HTTP\u009b',
    address: '192.0.2.1:9',
    claimedId: undefined,
    serial: undefined,
  },
};

describe('the process log', () => {
  it('is JSON where nobody looks, with the type and message of an error and never its stack', () => {
    const cause = Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    const [line] = logged(false, { kind: 'log', level: 'warn', message: 'odd', cause });
    expect(JSON.parse(line!)).toEqual({
      level: 'warn',
      time: '2026-07-01T12:00:05.000Z',
      err: { type: 'RangeError', message: 'too far', code: 'E_FAR' },
      msg: 'odd',
    });
  });

  it('is readable at a terminal, with the remedy and without a stack', () => {
    const cause = new OperatorFault('the file is gone', 'Put it back.');
    const lines = logged(true, { kind: 'log', level: 'error', message: 'no luck', cause });
    expect(lines[0]).toMatch(/^\d\d:\d\d:05 error no luck$/);
    expect(lines.slice(1)).toEqual(['  the file is gone', '  Put it back.']);
  });

  it.each([new Error('plain'), 'plain'])('shows the message of %s alone', (cause) => {
    const lines = logged(true, { kind: 'log', level: 'warn', message: 'odd', cause });
    expect(lines).toEqual([expect.stringMatching(/ warn {2}odd: plain$/)]);
  });

  it('tells of a policy that was refused and of one that came into force', () => {
    const good: Event = {
      kind: 'reload',
      first: false,
      what: 'policy',
      result: { ok: true, digest: '0123456789abcdef' },
    };
    const [bad, ok] = logged(false, failed, good).map((line) => JSON.parse(line) as object);
    expect(bad).toMatchObject({ level: 'error' });
    expect(JSON.stringify(bad)).toContain('the old stays in force');
    expect(ok).toMatchObject({ level: 'info', digest: '0123456789abcdef' });
    const lines = logged(true, failed);
    expect(lines[0]).toContain("unknown key 'rutes'");
    expect(lines[1]).toBe("  Did you mean 'routes'?");
  });

  it('tells of refused connections at a bounded rate, without control characters', () => {
    const lines = logged(false, ...Array.from({ length: 1000 }, () => refused));
    expect(lines).toHaveLength(5);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', code: 'HANDSHAKE_FAILED' });
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('emit', () => {
  it('never throws, whatever is wrong with an event, and says so in the log', () => {
    const broken = { kind: 'call', call: null } as unknown as Event;
    const lines = logged(false, broken);
    expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'an event could not be recorded' });
  });

  it('never throws, not even if the log does', () => {
    const output = {
      write: () => {
        throw new Error('gone');
      },
      terminal: true,
      colours: false,
    };
    const { emit } = createTelemetry({ output });
    expect(() => emit({ kind: 'log', level: 'info', message: 'hello' })).not.toThrow();
    expect(() => emit(ended(aCall()))).not.toThrow();
  });
});
