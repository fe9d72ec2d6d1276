import { describe, expect, it } from 'vitest';
import { Refusal, type Event } from '../../src/call/index.ts';
import { createTelemetry } from '../../src/telemetry/index.ts';
import { aCall, aDenial, aRoute, anAgent, anOutboundCall, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

function shown(event: Event, colours = false): string {
  const output = keptOutput({ terminal: true, colours });
  createTelemetry({ output }).emit(event);
  expect(output.lines()).toHaveLength(1);
  return output.lines()[0]!;
}

const id = 'k3f9zzaaaaaaaaaa';
const agent = anAgent('planner');
const route = aRoute('POST /invoices');
const denial = aDenial('SCOPE_MISSING', {
  missing: 'invoices:write',
  missingScopes: ['invoices:write'],
});
const post = { id, agent, route, method: 'POST', target: '/invoices' };

function connection(claimedId: string | undefined, detail = ''): Event {
  const code = claimedId === undefined ? 'HANDSHAKE_FAILED' : 'UNTRUSTED_CERTIFICATE';
  return {
    kind: 'refused-connection',
    verified: false,
    connection: { id, time: 0, code, detail, address: '192.0.2.7:4711', claimedId, serial: '1' },
  };
}

function sent(call: ReturnType<typeof anOutboundCall>, status: number): Event {
  const end = { bytesIn: 0, bytesOut: 2, how: 'complete' } as const;
  return { kind: 'outbound-call', call, status, end, durationMs: 3.1 };
}

describe('on a terminal, one line', () => {
  it.each<[string, Event, string]>([
    ['an allowed call', ended(aCall()), '✓ 200  billing  GET /invoices/INV-1001  3.1 ms'],
    ['a call to a peer', sent(anOutboundCall(), 200), '✓ 200  → ledger  GET /entries/7  3.1 ms'],
    [
      'a call to a peer that is refused',
      sent(anOutboundCall({ id, refusal: new Refusal('CONTEXT_MISSING') }), 403),
      '✗ 403 CONTEXT_MISSING  → ledger  GET /entries/7  policy.yaml:31  → sidegate why k3f9zz',
    ],
    [
      'an allowed call that took long',
      ended(aCall(), { durationMs: 61_234 }),
      '✓ 200  billing  GET /invoices/INV-1001  61.2 s',
    ],
    [
      'a denial',
      ended(aCall({ ...post, denial }), { status: 403 }),
      '✗ 403 SCOPE_MISSING  planner  POST /invoices  needs invoices:write  policy.yaml:21  → sidegate why k3f9zz',
    ],
    [
      'a caller that is no agent',
      ended(aCall({ id, agent: undefined, refusal: new Refusal('UNKNOWN_AGENT') }), {
        status: 403,
      }),
      '✗ 403 UNKNOWN_AGENT  spiffe://acme.test/agent/stranger  GET /invoices/INV-1001  → sidegate why k3f9zz',
    ],
    [
      'a softened denial',
      ended(aCall({ ...post, denial, shadowed: true })),
      '~ 200 SCOPE_MISSING  planner  POST /invoices  would be denied  needs invoices:write  policy.yaml:21  → sidegate why k3f9zz',
    ],
    [
      'an upstream that cannot be reached',
      ended(
        aCall({
          ...post,
          refusal: new Refusal('UPSTREAM_UNREACHABLE', 'ECONNREFUSED'),
        }),
        { status: 502 },
      ),
      '! 502 UPSTREAM_UNREACHABLE  planner  POST /invoices  ECONNREFUSED  3.1 ms  → sidegate why k3f9zz',
    ],
    [
      'a caller that left',
      ended(aCall({ id }), { end: { how: 'callerLeft' } }),
      '! 200 CALLER_LEFT  billing  GET /invoices/INV-1001  3.1 ms  → sidegate why k3f9zz',
    ],
    [
      'a call that is still open',
      { kind: 'call-begun', call: aCall() },
      '…  billing  GET /invoices/INV-1001  still open',
    ],
    [
      'a refused connection, whose claim is marked as one',
      connection('spiffe://acme.test/agent/billing', 'self-signed certificate'),
      "✗ UNTRUSTED_CERTIFICATE  claims 'spiffe://acme.test/agent/billing' (not verified)  from 192.0.2.7:4711  self-signed certificate  → sidegate why k3f9zz",
    ],
    [
      'a connection that claimed nothing',
      connection(undefined),
      '✗ HANDSHAKE_FAILED  from 192.0.2.7:4711  → sidegate why k3f9zz',
    ],
  ])('tells of %s', (_, event, line) => expect(shown(event)).toBe(line));

  it('cannot be steered by what a caller chose', () => {
    const nasty = 'x\u001b[2J\r\n✓ 200  fake\u009b1A\u202e\u200b\u0000\u007f\ud800';
    const refusal = new Refusal('MALFORMED_REQUEST', nasty);
    const events = [
      ended(aCall({ target: `/${nasty}`, method: nasty, understood: false, refusal })),
      ended(aCall({ target: `/${nasty}`, method: nasty })),
      connection(`spiffe://${nasty}`, nasty),
    ];
    for (const event of events) expect(shown(event)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(shown(events[0]!)).toContain('\\x1b[2J\\x0d\\x0a');
  });

  it('stays short, however long a path or claim is', () => {
    const long = 'y'.repeat(100_000);
    expect(shown(ended(aCall({ target: `/${long}` }))).length).toBeLessThan(300);
    expect(shown(connection(`spiffe://${long}`, long)).length).toBeLessThan(500);
  });

  it('has colours only where they were asked for', () => {
    expect(shown(ended(aCall()))).not.toContain('\u001b');
    expect(shown(ended(aCall()), true)).toContain('\u001b[32m✓ 200\u001b[0m');
  });
});

describe('a flood of calls', () => {
  it('shows no more lines than can be read, and says how many it left out', () => {
    const clock = { time: 5_000_000 };
    const output = keptOutput({ terminal: true });
    const telemetry = createTelemetry({ output, now: () => clock.time });
    for (let i = 0; i < 5000; i++) telemetry.emit(ended(aCall()));
    expect(output.lines()).toHaveLength(100);
    clock.time += 1000;
    telemetry.emit(ended(aCall()));
    expect(output.lines().slice(100)).toEqual([
      '… 4900 more lines not shown',
      expect.stringContaining('✓ 200'),
    ]);
  });
});

it('without a terminal, calls are not shown', () => {
  const output = keptOutput();
  createTelemetry({ output }).emit(ended(aCall()));
  expect(output.lines()).toEqual([]);
});
