import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FAILURE_CODES, Refusal, type Event } from '../../src/call/index.ts';
import { createTelemetry } from '../../src/telemetry/index.ts';
import { aCall, aDenial, aRoute, anAgent, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

async function metricsAfter(...events: readonly Event[]): Promise<string[]> {
  const telemetry = createTelemetry({ output: keptOutput() });
  for (const event of events) telemetry.emit(event);
  return (await telemetry.metrics()).split('\n');
}

const policyLoaded = (digest: string): Event => ({
  kind: 'reload',
  first: false,
  what: 'policy',
  result: { ok: true, digest, shadowRoutes: 2 },
});

const EVERYTHING: readonly Event[] = [
  ended(aCall()),
  ended(aCall({ denial: aDenial('SCOPE_MISSING') }), { status: 403 }),
  ended(aCall({ agent: undefined, refusal: new Refusal('UNKNOWN_AGENT') }), { status: 403 }),
  ended(aCall({ refusal: new Refusal('UPSTREAM_TIMEOUT') }), { status: 504 }),
  { kind: 'handshake', result: 'OK' },
  { kind: 'handshake', result: 'HANDSHAKE_FAILED' },
  { kind: 'connections', open: 3 },
  { kind: 'live-calls', open: 2 },
  policyLoaded('first'),
  policyLoaded('second'),
  {
    kind: 'reload',
    first: false,
    what: 'identity',
    result: { ok: true, notAfter: 1_800_000_000_000 },
  },
  { kind: 'reload', first: false, what: 'policy', result: { ok: false, why: 'line 3' } },
];

describe('the metrics', () => {
  it('count and measure every finished call', async () => {
    const lines = await metricsAfter(ended(aCall()), ended(aCall()));
    const labels = 'direction="inbound",agent="billing",route="GET /invoices/{id}"';
    expect(lines).toContain(`sidegate_requests_total{${labels},decision="allow",code="OK"} 2`);
    const route = 'direction="inbound",route="GET /invoices/{id}"';
    expect(lines).toContain(`sidegate_request_duration_seconds_count{${route}} 2`);
    expect(lines).toContain('sidegate_overhead_seconds_count 2');
    expect(lines).toContain('sidegate_overhead_seconds_bucket{le="0.0005"} 2');
  });

  it('name what is not known `none`, and never what a caller sent', async () => {
    const refusal = new Refusal('UNKNOWN_AGENT');
    const event = ended(aCall({ agent: undefined, refusal, target: '/chosen-by-caller' }));
    const lines = await metricsAfter(event);
    const labels = 'agent="none",route="none",decision="deny",code="UNKNOWN_AGENT"';
    expect(lines).toContain(`sidegate_requests_total{direction="inbound",${labels}} 1`);
    expect(lines.join('\n')).not.toMatch(/chosen-by-caller|spiffe:/);
  });

  it("leave calls that were never handed on out of Sidegate's own time", async () => {
    const lines = await metricsAfter(ended(aCall({ denial: aDenial('SCOPE_MISSING') })));
    expect(lines).toContain('sidegate_overhead_seconds_count 0');
  });

  it('count what failed behind Sidegate, also in the middle of an answer', async () => {
    const refusal = new Refusal('UPSTREAM_UNREACHABLE');
    const lines = await metricsAfter(
      ended(aCall({ refusal }), { status: 502 }),
      ended(aCall(), { end: { how: 'upstreamBroke' } }),
      ended(aCall(), { end: { how: 'callerLeft' } }),
    );
    expect(lines).toContain('sidegate_upstream_errors_total{code="UPSTREAM_UNREACHABLE"} 1');
    expect(lines).toContain('sidegate_upstream_errors_total{code="UPSTREAM_PROTOCOL"} 1');
    expect(lines.filter((line) => line.startsWith('sidegate_upstream_errors_total{'))).toHaveLength(
      2,
    );
  });

  it('follow connections, live calls and handshakes', async () => {
    const lines = await metricsAfter(...EVERYTHING);
    expect(lines).toContain('sidegate_connections 3');
    expect(lines).toContain('sidegate_live_calls 2');
    expect(lines).toContain('sidegate_handshakes_total{result="OK"} 1');
    expect(lines).toContain('sidegate_handshakes_total{result="HANDSHAKE_FAILED"} 1');
  });

  it('forget the digest of the policy before, and keep the last good one when a file is refused', async () => {
    const lines = await metricsAfter(...EVERYTHING);
    const infos = lines.filter((line) => line.startsWith('sidegate_policy_info{'));
    expect(infos).toEqual(['sidegate_policy_info{digest="second"} 1']);
    expect(lines).toContain('sidegate_policy_synchronized 0');
    expect(lines).toContain('sidegate_policy_shadow_routes 2');
    expect(lines).toContain('sidegate_reloads_total{what="policy",result="ok"} 2');
    expect(lines).toContain('sidegate_reloads_total{what="policy",result="failed"} 1');
  });

  it('are synchronized again after a good file', async () => {
    const lines = await metricsAfter(...EVERYTHING, policyLoaded('third'));
    expect(lines).toContain('sidegate_policy_synchronized 1');
  });

  it('say when a credential ends, in seconds', async () => {
    const lines = await metricsAfter(...EVERYTHING);
    const name = 'sidegate_certificate_expiry_timestamp_seconds';
    expect(lines).toContain(`${name}{kind="identity"} 1800000000`);
  });

  it('include those of the process and of Node', async () => {
    const text = (await metricsAfter()).join('\n');
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^nodejs_version_info\{/m);
  });

  it('belong to one telemetry: another one begins at zero', async () => {
    await metricsAfter(ended(aCall()));
    expect((await metricsAfter()).join('\n')).not.toContain('sidegate_requests_total{');
  });

  it('put names over the cap together as `other`, and still count every call', async () => {
    const routes = Array.from({ length: 700 }, (_, i) => aRoute(`GET /r${i}`));
    const agents = Array.from({ length: 10 }, (_, i) => anAgent(`agent-${i}`));
    const events = agents.flatMap((agent) => routes.map((route) => ended(aCall({ agent, route }))));
    const lines = await metricsAfter(...events, ...events.slice(-5));
    const requests = lines.filter((line) => line.startsWith('sidegate_requests_total{'));
    const durations = lines.filter((line) => line.includes('duration_seconds_count{'));
    expect(requests).toHaveLength(5001);
    expect(durations).toHaveLength(501);
    const other = 'agent="other",route="other",decision="allow",code="OK"';
    expect(requests.at(-1)).toBe(`sidegate_requests_total{direction="inbound",${other}} 2005`);
    expect(sum(requests)).toBe(7005);
    expect(sum(durations)).toBe(7005);
  });

  it('have a cell for every code of the catalogue', async () => {
    const events = FAILURE_CODES.map((code) => ended(aCall({ refusal: new Refusal(code) })));
    const lines = await metricsAfter(...events);
    const requests = lines.filter((line) => line.startsWith('sidegate_requests_total{'));
    expect(requests).toHaveLength(FAILURE_CODES.length);
  });

  it.skipIf(!hasPromtool)('satisfy promtool (skipped where it is not installed)', async () => {
    const input = (await metricsAfter(...EVERYTHING)).join('\n');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input });
    expect(`${String(stdout)}${String(stderr)}`).toBe('');
    expect(status).toBe(0);
  });
});

function sum(lines: readonly string[]): number {
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}
