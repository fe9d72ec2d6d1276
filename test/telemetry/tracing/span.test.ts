import { expect, it } from 'vitest';
import { Refusal } from '../../../src/call/index.ts';
import { callRecord } from '../../../src/telemetry/record.ts';
import { otlp } from '../../../src/telemetry/tracing/otlp.ts';
import {
  aCall,
  aDenial,
  aRoute,
  ended,
  type CallStory,
  type EndingStory,
} from '../../support/calls.ts';
import { decode } from '../../support/otlp.ts';

/** The span of a call, as a collector reads it. */
function spanOf(story: CallStory = {}, ending: EndingStory = {}, host = 'invoices.test') {
  const call = aCall(story);
  const event = ended(call, ending);
  if (event.kind !== 'call' || call.request === undefined) throw new TypeError('an ended call');
  const { trace } = call.request;
  const encoding = otlp('sidegate', 'instance-1');
  const [span] = decode(encoding.encode([{ record: callRecord(call, event), trace, host }]));
  return span!;
}

it('times are those of the call, to the microsecond', () => {
  const time = Date.UTC(2026, 0, 1) + 999;
  const span = spanOf({ time }, { durationMs: 1.25 });
  expect(span.start).toBe(BigInt(time) * 1_000_000n);
  expect(span.end - span.start).toBe(1_250_000n);
});

it.each([
  { why: 'an answer', story: {}, ending: {}, status: 0 },
  { why: 'a 4xx of the agent', story: {}, ending: { status: 404 }, status: 0 },
  { why: 'a 5xx of the agent', story: {}, ending: { status: 503 }, status: 2, message: '503' },
  {
    why: 'a denial',
    story: { denial: aDenial('SCOPE_MISSING') },
    ending: { status: 403 },
    status: 0,
  },
  {
    why: 'a denial that shadow mode let through',
    story: { denial: aDenial('SCOPE_MISSING'), shadowed: true },
    ending: {},
    status: 0,
  },
  {
    why: 'a caller that left',
    story: {},
    ending: { end: { how: 'callerLeft' as const } },
    status: 0,
  },
  {
    why: 'an agent that broke off',
    story: {},
    ending: { end: { how: 'upstreamBroke' as const } },
    status: 2,
    message: 'UPSTREAM_PROTOCOL',
  },
  {
    why: 'a fault of ours',
    story: { refusal: new Refusal('AUDIT_FULL') },
    ending: { status: 503 },
    status: 2,
    message: 'AUDIT_FULL',
  },
])('$why has status $status', ({ story, ending, status, message = '' }) => {
  const span = spanOf(story, ending);
  expect(span.status).toEqual({ code: status, message });
  expect(span.attributes['error.type']).toBe(message === '' ? undefined : message);
});

it.each([
  { method: 'GET', route: 'GET /a/{id}', name: 'GET /a/{id}', path: '/a/{id}' },
  { method: 'POST', route: 'GET,POST,DELETE /mcp', name: 'POST /mcp', path: '/mcp' },
  { method: 'BREW', route: 'BREW /pot', name: 'HTTP /pot', path: '/pot' },
])('a $method of $route is named $name', ({ method, route, name, path }) => {
  const span = spanOf({ method, route: aRoute(route) });
  expect(span.name).toBe(name);
  expect(span.attributes['http.route']).toBe(path);
});

it('a method of the caller’s own making is told apart', () => {
  expect(spanOf({ method: 'BREW', route: undefined }).attributes).toMatchObject({
    'http.request.method': '_OTHER',
    'http.request.method_original': 'BREW',
  });
});

it.each([
  ['invoices.test', 'invoices.test', undefined],
  ['invoices.test:8443', 'invoices.test', 8443],
  ['[::1]:8443', '::1', 8443],
  ['[::1]', '::1', undefined],
])('the host %s is %s, %s', (host, address, port) => {
  const { attributes } = spanOf({}, {}, host);
  expect(attributes['server.address']).toBe(address);
  expect(attributes['server.port']).toBe(port);
});

it('what was never answered has no status, and the nearest rule decided nothing', () => {
  const story = { route: undefined, denial: aDenial('NO_ROUTE', { nearest: true }) };
  const { attributes } = spanOf(story, { status: 0 });
  expect(attributes).not.toHaveProperty('http.response.status_code');
  expect(attributes).not.toHaveProperty('sidegate.rule');
});
