import { expect, it } from 'vitest';
import { tracingShape } from '../../../src/telemetry/tracing/index.ts';

it('an endpoint is enough', () => {
  expect(tracingShape.parse({ endpoint: 'http://127.0.0.1:4318/v1/traces' })).toEqual({
    endpoint: 'http://127.0.0.1:4318/v1/traces',
    sample: 0.1,
    callerTraces: 100,
    service: 'sidegate',
    allowPlaintext: false,
  });
});

it.each([
  { endpoint: 'http://localhost:4318/v1/traces' },
  { endpoint: 'http://[::1]:4318/v1/traces', headers: '/run/key' },
  { endpoint: 'https://collector.test/v1/traces', headers: '/run/key' },
  { endpoint: 'http://collector.test/v1/traces', allowPlaintext: true },
])('%j is taken', (section) => {
  expect(tracingShape.safeParse(section).error).toBeUndefined();
});

const LOCAL = { endpoint: 'http://127.0.0.1:4318/' };
const REMOTE = 'http://collector.test/';

it.each([
  { section: {}, told: 'http or https URL' },
  { section: { endpoint: 'collector.test:4318' }, told: 'http or https URL' },
  { section: { endpoint: 'grpc://collector.test/' }, told: 'http or https URL' },
  { section: { endpoint: 'https://me:pw@collector.test/' }, told: 'http or https URL' },
  { section: { endpoint: REMOTE }, told: 'to another machine, and spans' },
  { section: { endpoint: 'http://127.0.0.1.evil.test/' }, told: 'to another machine, and spans' },
  { section: { endpoint: 'http://10.0.0.1:4318/' }, told: 'to another machine, and spans' },
  {
    section: { endpoint: REMOTE, allowPlaintext: true, headers: '/run/key' },
    told: 'tracing.headers would be sent there',
  },
  { section: { ...LOCAL, sample: 1.5 }, told: 'from 0 to 1' },
  { section: { ...LOCAL, sample: -1 }, told: 'from 0 to 1' },
  { section: { ...LOCAL, sample: 'all' }, told: 'from 0 to 1' },
  { section: { ...LOCAL, callerTraces: 0 }, told: 'at least 1' },
  { section: { ...LOCAL, service: '' }, told: 'a name' },
])('$section is a fault: $told', ({ section, told }) => {
  expect(tracingShape.safeParse(section).error?.issues.map(({ message }) => message)).toEqual([
    expect.stringContaining(told),
  ]);
});
