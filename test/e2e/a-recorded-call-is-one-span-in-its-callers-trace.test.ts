import { expect, it } from 'vitest';
import { collector } from '../support/collector.ts';
import { until, world } from '../support/harness.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const SAMPLED = { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: 'congo=t61r,rojo=00f0' };
const SERVER = 2;
const UNSET = 0;
const ERROR = 2;

const flagsFor = (endpoint: string, sample = '1') => ({
  'tracing.endpoint': endpoint,
  'tracing.sample': sample,
  'tracing.service': 'invoices-gate',
});

it('an allowed call: between the caller’s span and the agent’s, with nothing secret in it', async () => {
  const seen = await collector();
  const w = await world({ flags: flagsFor(seen.endpoint) });
  const answer = await w.call({
    as: 'billing',
    path: '/whoami?key=QUERY-SECRET',
    headers: { ...SAMPLED, authorization: 'Bearer TOKEN-SECRET', cookie: 'c=COOKIE-SECRET' },
  });
  const sent = answer.json();
  const [line] = await w.ended(1);
  const [span] = await seen.seen(1);
  expect(sent.traceparent).toBe(`00-${TRACE}-${span!.spanId}-01`);
  expect(sent.tracestate).toBe(SAMPLED.tracestate);
  expect(span).toMatchObject({
    traceId: TRACE,
    parentSpanId: CALLER,
    traceState: SAMPLED.tracestate,
    name: 'GET /whoami',
    kind: SERVER,
    status: { code: UNSET },
    scope: 'sidegate',
    resource: { 'service.name': 'invoices-gate' },
  });
  expect(span!.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/whoami',
    'url.scheme': 'https',
    'url.path': '/whoami',
    'server.address': '127.0.0.1',
    'server.port': w.port,
    'network.peer.address': '127.0.0.1',
    'network.peer.port': expect.any(Number) as number,
    'network.protocol.version': '1.1',
    'sidegate.id': answer.headers['x-request-id'],
    'sidegate.agent': 'billing',
    'sidegate.spiffe_id': 'spiffe://acme.test/agent/billing',
    'sidegate.decision': 'allow',
    'sidegate.code': 'OK',
    'sidegate.rule': 'GET /whoami',
    'sidegate.how': 'complete',
    'sidegate.overhead_ms': line!.overheadMs,
  });
  const start = BigInt(Date.parse(String(line!.time))) * 1_000_000n;
  expect(span!.start).toBe(start);
  const micros = Number((span!.end - span!.start) / 1000n);
  expect(Math.abs(micros - Number(line!.durationMs) * 1000)).toBeLessThan(2);
  expect(seen.raw()).not.toContain('SECRET');
  expect(seen.requests[0]!.headers['content-type']).toBe('application/x-protobuf');
});

it('a denied call is a span too, and no error', async () => {
  const seen = await collector();
  const w = await world({ flags: flagsFor(seen.endpoint) });
  await w.call({ as: 'planner', method: 'POST', path: '/invoices', body: '{}', headers: SAMPLED });
  await w.call({ as: 'planner', path: '/nowhere' });
  const [denied, lost] = await seen.seen(2);
  expect(denied).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, status: { code: UNSET } });
  expect(denied!.attributes).toMatchObject({
    'http.response.status_code': 403,
    'sidegate.decision': 'deny',
    'sidegate.code': 'SCOPE_MISSING',
    'sidegate.rule': 'POST /invoices',
  });
  expect(lost).toMatchObject({ name: 'GET', parentSpanId: '', status: { code: UNSET } });
  expect(lost!.attributes).toMatchObject({ 'sidegate.code': 'NO_ROUTE' });
  expect(lost!.attributes).not.toHaveProperty('http.route');
  expect(lost!.traceId).not.toBe(TRACE);
});

it('a call that failed behind us is an error, with its code', async () => {
  const seen = await collector();
  const w = await world({ flags: flagsFor(seen.endpoint), upstream: 'unix:nobody.sock' });
  await w.call({ as: 'billing', path: '/invoices', headers: SAMPLED });
  const [span] = await seen.seen(1);
  const code = 'UPSTREAM_UNREACHABLE';
  expect(span).toMatchObject({ parentSpanId: CALLER, status: { code: ERROR, message: code } });
  expect(span!.attributes).toMatchObject({
    'http.response.status_code': 502,
    'error.type': code,
    'sidegate.code': code,
  });
});

it('a long call is one span, made when it is over', async () => {
  const seen = await collector();
  const w = await world({ flags: flagsFor(seen.endpoint) });
  const stream = await w.open({ as: 'billing', path: '/events?every=60000', headers: SAMPLED });
  await until(async () => ((await w.audit()).length > 0 ? true : undefined));
  await w.call({ as: 'billing', path: '/whoami' });
  await seen.seen(1);
  expect(seen.spans.map(({ name }) => name)).toEqual(['GET /whoami']);
  stream.destroy();
  const [, long] = await seen.seen(2);
  expect(long).toMatchObject({ name: 'GET /events', traceId: TRACE, parentSpanId: CALLER });
  expect(long!.attributes).toMatchObject({ 'sidegate.how': 'callerLeft' });
  expect(long!.end).toBeGreaterThan(long!.start);
});

it('what is not sampled makes no span, and the agent hears of the caller’s', async () => {
  const seen = await collector();
  const w = await world({ flags: flagsFor(seen.endpoint, '0.5') });
  const of = async (traceId: string, flags = '01') =>
    (
      await w.call({
        as: 'billing',
        path: '/whoami',
        headers: { traceparent: `00-${traceId}-${CALLER}-${flags}` },
      })
    ).json().traceparent;
  const low = `${'1'.repeat(18)}00000000000000`;
  const high = `${'1'.repeat(18)}ffffffffffffff`;
  expect(await of(low)).toBe(`00-${low}-${CALLER}-01`);
  expect(await of(high, '00')).toBe(`00-${high}-${CALLER}-00`);
  expect(await of(high)).not.toContain(CALLER);
  await w.sidecar.drain();
  expect(seen.spans.map(({ traceId }) => traceId)).toEqual([high]);
});
