import { createTelemetry } from '../../src/telemetry/index.ts';
import { Refusal, type Event, type TokenAnswer } from '../../src/call/index.ts';
import { aCall, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

const REFUSED = {
  id: 'a',
  time: 0,
  code: 'TOO_MANY_CONNECTIONS',
  detail: '',
  address: '',
  claimedId: undefined,
  serial: undefined,
} as const;

const TOKEN_ANSWER: TokenAnswer = {
  ...{ id: 'a', time: 0, peer: aCall().peer, code: 'x' },
  grant: 'none',
  decision: 'deny',
  ...{ detail: undefined, client: undefined, subject: undefined, subjectToken: undefined },
  ...{ audience: undefined, asked: undefined, given: [], actors: [], token: undefined },
  taskGrant: undefined,
};

/** One of each event that is measured, so that every metric has a sample to read its labels from. */
const EVENTS: readonly Event[] = [
  ended(aCall()),
  ended(aCall({ refusal: new Refusal('UPSTREAM_TIMEOUT') }), { status: 504 }),
  { kind: 'handshake', result: 'OK' },
  { kind: 'refused-connection', connection: REFUSED, verified: true },
  { kind: 'connections', open: 1 },
  { kind: 'live-calls', open: 1 },
  { kind: 'live-outbound', open: 1 },
  { kind: 'tasks', live: 1 },
  { kind: 'buffered', bytes: 1 },
  { kind: 'dependency', name: 'policy', fresh: true },
  { kind: 'clock-step', direction: 'back' },
  { kind: 'token-answer', answer: TOKEN_ANSWER },
  reloaded('policy', { digest: 'd1', shadowRoutes: 0 }),
  reloaded('identity', { notAfter: 1_800_000_000_000 }),
];

/** The rows of the table of metrics, as the code has them: name, type, labels, meaning. */
export async function metricsRows(): Promise<readonly (readonly string[])[]> {
  const telemetry = createTelemetry({ output: keptOutput() });
  for (const event of EVENTS) telemetry.emit(event);
  const text = await telemetry.metrics();
  return [...text.matchAll(/^# HELP (sidegate_\S+) (.*)\n# TYPE \S+ (\w+)\n(.*)$/gm)].map(
    ([, name = '', help = '', type = '', sample = '']) => {
      if (!sample.startsWith(name)) throw new TypeError(`no event here is measured by ${name}`);
      const labels = labelsOf(sample).map((label) => `\`${label}\``);
      return [`\`${name}\``, type, labels.join(' '), help];
    },
  );
}

/** The bucket's bound is the form's business. */
function labelsOf(sample: string): readonly string[] {
  return [...sample.matchAll(/[{,](\w+)="/g)]
    .map((match) => match[1] ?? '')
    .filter((label) => label !== 'le');
}

function reloaded(what: 'policy' | 'identity', facts: object): Event {
  return { kind: 'reload', what, first: true, result: { ok: true, ...facts } };
}
