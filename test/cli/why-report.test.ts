import { expect, test } from 'vitest';
import { Refusal, type Event, type FailureCode } from '../../src/call/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { renderWhy, why, whyShape } from '../../src/status/index.ts';
import { createTelemetry, type RecentEntry } from '../../src/telemetry/index.ts';
import { aCall, aDenial, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

const POLICY = loadPolicy(
  `version: 1
trustDomain: acme.test
agents:
  billing: [invoices:read]
routes:
  GET /invoices/{id}: [invoices:read]
  POST /invoices: [invoices:write]
`,
  '/etc/sidegate/policy.yaml',
);
const SOURCES = { policy: POLICY, meaningOf: (path: string) => path };

/** What telemetry remembers of an event. */
function entryOf(event: Event): RecentEntry {
  const telemetry = createTelemetry({ output: keptOutput() });
  telemetry.emit(event);
  const found = telemetry.recent.find('last');
  if (found.kind !== 'found') throw new TypeError('it is remembered');
  return found.entry;
}

function refused(code: FailureCode, claimedId?: string): Event {
  const connection = { id: 'abcd', time: 0, code, detail: 'a detail', address: '127.0.0.1:1' };
  return {
    kind: 'refused-connection',
    verified: false,
    connection: { ...connection, claimedId, serial: undefined },
  };
}

/** `identity+ authentication+ authorization-`: passed, failed; `?` not reached. */
function drawn(event: Event): string {
  const marks = { passed: '+', failed: '-', 'not reached': '?' };
  return why(entryOf(event), SOURCES)
    .gates.map(({ gate, result }) => gate + marks[result])
    .join(' ');
}

const broken = (code: FailureCode, forwardedAfter?: number) =>
  ended(aCall({ refusal: new Refusal(code, 'why'), forwardedAfter }));

test.each([
  {
    what: 'a call that was carried out',
    event: ended(aCall()),
    gates: 'identity+ authentication+ authorization+',
  },
  {
    what: 'a denial',
    event: ended(
      aCall({ denial: aDenial('SCOPE_MISSING'), refusal: new Refusal('SCOPE_MISSING') }),
    ),
    gates: 'identity+ authentication+ authorization-',
  },
  {
    what: 'a denial that shadow mode let through',
    event: ended(aCall({ denial: aDenial('SCOPE_MISSING'), shadowed: true })),
    gates: 'identity+ authentication+ authorization-',
  },
  {
    what: 'a caller who is no agent',
    event: ended(aCall({ agent: undefined, refusal: new Refusal('UNKNOWN_AGENT') })),
    gates: 'identity+ authentication+ authorization-',
  },
  {
    what: 'a certificate that expired on an open connection',
    event: ended(aCall({ agent: undefined, refusal: new Refusal('CERTIFICATE_EXPIRED') })),
    gates: 'identity+ authentication- authorization?',
  },
  {
    what: 'a request that can be read in two ways',
    event: ended(aCall({ understood: false, refusal: new Refusal('MALFORMED_REQUEST', 'why') })),
    gates: 'identity+ authentication+ request- authorization?',
  },
  {
    what: 'a body that is too large for the route that allows it',
    event: broken('TOO_LARGE'),
    gates: 'identity+ authentication+ authorization+ request-',
  },
  {
    what: 'an agent that cannot be reached',
    event: broken('UPSTREAM_UNREACHABLE', 1),
    gates: 'identity+ authentication+ authorization+ upstream-',
  },
  {
    what: 'a caller that leaves',
    event: ended(aCall(), { end: { how: 'callerLeft' } }),
    gates: 'identity+ authentication+ authorization+ request-',
  },
  {
    what: 'a connection without a certificate',
    event: refused('NO_CERTIFICATE'),
    gates: 'identity- authentication? authorization?',
  },
  {
    what: 'a certificate that nobody vouches for',
    event: refused('UNTRUSTED_CERTIFICATE', 'spiffe://acme.test/agent/billing'),
    gates: 'identity+ authentication- authorization?',
  },
  {
    what: 'one connection too many of a verified agent',
    event: refused('TOO_MANY_CONNECTIONS', 'spiffe://acme.test/agent/billing'),
    gates: 'identity+ authentication+ request- authorization?',
  },
  {
    what: 'one connection too many of nobody yet',
    event: refused('TOO_MANY_CONNECTIONS'),
    gates: 'request- identity? authentication? authorization?',
  },
])('$what ends at its gate', ({ event, gates }) => {
  expect(drawn(event)).toBe(gates);
});

test('what a refused connection claims is marked as a claim, in every place', () => {
  const report = why(
    entryOf(refused('UNTRUSTED_CERTIFICATE', 'spiffe://acme.test/agent/billing')),
    SOURCES,
  );
  expect(report.spiffeId).toBeUndefined();
  const lines = renderWhy(report).split('\n');
  for (const line of lines.filter((one) => one.includes('agent/billing')))
    expect(line).toContain('claims');
  expect(renderWhy(report)).toContain('(not verified)');
});

test('a report goes through JSON as it is, and nothing in it is undefined to its reader', () => {
  for (const event of [ended(aCall()), refused('NO_CERTIFICATE'), broken('TOO_LARGE')]) {
    const report = why(entryOf(event), SOURCES);
    const read = whyShape.parse(JSON.parse(JSON.stringify(report)));
    expect(renderWhy(read)).toBe(renderWhy(report));
    expect(renderWhy(read)).not.toContain('undefined');
  }
});

test('no change of the policy is proposed for what the policy did not refuse', () => {
  for (const event of [broken('UPSTREAM_UNREACHABLE', 1), refused('NO_CERTIFICATE')])
    expect(why(entryOf(event), SOURCES).change).toBeUndefined();
});

test('a path that means nothing gets no proposal', () => {
  const event = ended(
    aCall({ denial: aDenial('SCOPE_MISSING'), refusal: new Refusal('SCOPE_MISSING') }),
  );
  const { change } = why(entryOf(event), { ...SOURCES, meaningOf: () => undefined });
  expect(change).toBeUndefined();
});

test('a report of an older policy says so', () => {
  const report = why(entryOf(ended(aCall())), SOURCES);
  expect(report.policyChanged).toBe(true);
  expect(renderWhy(report)).toContain('The policy has been changed since this call.');
});

test('a line of the policy with a tab keeps its caret below its column', () => {
  const entry = entryOf(ended(aCall()));
  const rule = { file: 'policy.yaml', line: 3, column: 2, text: '\tGET /: []' };
  const text = renderWhy(why({ ...entry, rule }, SOURCES));
  expect(text).toContain('  3 |  GET /: []\n    |  ^');
});
