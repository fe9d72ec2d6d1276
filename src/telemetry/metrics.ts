import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { FAILURES, type Event, type FailureCode } from '../call/index.ts';
import { Cells } from './cells.ts';
import type { OutboundRecord } from './outbound-record.ts';
import type { CallRecord } from './record.ts';
import type { TokenRecord } from './token-record.ts';

const MAX_REQUEST_CELLS = 5000;
const MAX_DURATION_CELLS = 500;
const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600,
];
const OVERHEAD_BUCKETS = [
  0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2,
];
/** Gauges that are named like counters, which promtool rightly dislikes; the same numbers come by type as well. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];
const REQUEST_LABELS = ['direction', 'agent', 'route', 'decision', 'code'] as const;
const DURATION_LABELS = ['direction', 'route'] as const;

type Reload = Extract<Event, { kind: 'reload' }>;

/**
 * Everything that Prometheus is told. Labels are names of the policy, codes of the catalogue and words from here, never
 * what a caller sent; an agent or route that is not known yet is `none`, and what is over the cap is `other`.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #requests = requestCells(this.#registers);
  readonly #durations = durationCells(this.#registers);
  readonly #overhead = new Histogram({
    name: 'sidegate_overhead_seconds',
    help: "Sidegate's own time on calls that it handed on, from the request's head to the upstream.",
    buckets: OVERHEAD_BUCKETS,
    registers: this.#registers,
  });
  readonly #handshakes = new Counter({
    name: 'sidegate_handshakes_total',
    help: 'TLS handshakes, by OK or the code of what was wrong.',
    labelNames: ['result'],
    registers: this.#registers,
  });
  readonly #refusedConnections = new Counter({
    name: 'sidegate_refused_connections_total',
    help: 'Connections whose handshake was OK and that were refused or broken off outside of a call, by code.',
    labelNames: ['code'],
    registers: this.#registers,
  });
  readonly #upstreamErrors = new Counter({
    name: 'sidegate_upstream_errors_total',
    help: 'Calls that failed behind Sidegate, by code.',
    labelNames: ['code'],
    registers: this.#registers,
  });
  readonly #expiry = new Gauge({
    name: 'sidegate_certificate_expiry_timestamp_seconds',
    help: 'When a credential in use ends, in seconds since the epoch.',
    labelNames: ['kind'],
    registers: this.#registers,
  });
  readonly #dependencies = new Gauge({
    name: 'sidegate_dependency_fresh',
    help: '1 if the dependency is as fresh as docs/faults.md says, else 0; not there where nothing stands on it.',
    labelNames: ['dependency'],
    registers: this.#registers,
  });
  readonly #clockSteps = new Counter({
    name: 'sidegate_clock_steps_total',
    help: 'How often the clock was set by more than two seconds.',
    labelNames: ['direction'],
    registers: this.#registers,
  });
  readonly #synchronized = new Gauge({
    name: 'sidegate_policy_synchronized',
    help: '1 if the policy in force is the one in the file, 0 if the file was refused.',
    registers: this.#registers,
  });
  readonly #policyInfo = new Gauge({
    name: 'sidegate_policy_info',
    help: 'The policy in force, by its digest.',
    labelNames: ['digest'],
    registers: this.#registers,
  });
  readonly #shadowRoutes = new Gauge({
    name: 'sidegate_policy_shadow_routes',
    help: 'Routes of the policy in force whose denials are only recorded.',
    registers: this.#registers,
  });
  readonly #reloads = new Counter({
    name: 'sidegate_reloads_total',
    help: 'Loads of policy, identity and trust, the first one included.',
    labelNames: ['what', 'result'],
    registers: this.#registers,
  });
  readonly #dropped = new Counter({
    name: 'sidegate_audit_dropped_total',
    help: 'Audit lines that were lost because the audit file could not take them.',
    registers: this.#registers,
  });
  readonly #tokens = new Counter({
    name: 'sidegate_tokens_total',
    help: 'Requests to the token service, by OK or the error that was answered.',
    labelNames: ['grant', 'decision', 'code'],
    registers: this.#registers,
  });
  readonly #spansDropped = new Counter({
    name: 'sidegate_spans_dropped_total',
    help: 'Spans that were lost because the trace collector could not or would not take them.',
    registers: this.#registers,
  });
  #connections = 0;
  #liveCalls = 0;
  #outboundCalls = 0;
  #tasks = 0;
  #buffered = 0;
  #killed = 0;

  constructor() {
    this.#gauge('sidegate_connections', 'Open connections.', () => this.#connections);
    this.#gauge('sidegate_live_calls', 'Calls in progress.', () => this.#liveCalls);
    this.#gauge(
      'sidegate_outbound_calls',
      'Calls of the agent to peers in progress.',
      () => this.#outboundCalls,
    );
    this.#gauge(
      'sidegate_tasks',
      'Tasks that go on after the calls that started them.',
      () => this.#tasks,
    );
    this.#gauge(
      'sidegate_buffered_bytes',
      'Bytes kept in the process between callers and the agent, as of the last second.',
      () => this.#buffered,
    );
    this.#gauge(
      'sidegate_killed_agents',
      'Agents that the operator has killed.',
      () => this.#killed,
    );
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  call(record: CallRecord): void {
    const { direction, agent = 'none', route = 'none', decision, code, overheadMs } = record;
    this.#requests.get(direction, agent, route, decision, code).inc();
    this.#durations.get(direction, route).observe((record.durationMs ?? 0) / 1000);
    if (overheadMs !== undefined) this.#overhead.observe(overheadMs / 1000);
    if (code !== 'OK' && FAILURES[code].stage === 'upstream') this.#upstreamErrors.inc({ code });
  }

  token({ grant, decision, code }: TokenRecord): void {
    this.#tokens.inc({ grant, decision, code });
  }

  handshake(result: string): void {
    this.#handshakes.inc({ result });
  }

  refusedConnection(code: FailureCode): void {
    this.#refusedConnections.inc({ code });
  }

  connections(open: number): void {
    this.#connections = open;
  }

  /** The agent at the other end is the peer. The overhead is not told: the token service has a part in it. */
  outbound({ direction, peer = 'none', decision, code, durationMs = 0 }: OutboundRecord): void {
    this.#requests.get(direction, peer, 'none', decision, code).inc();
    this.#durations.get(direction, 'none').observe(durationMs / 1000);
    if (code !== 'OK' && FAILURES[code].stage === 'upstream') this.#upstreamErrors.inc({ code });
  }

  outboundCalls(open: number): void {
    this.#outboundCalls = open;
  }

  tasks(live: number): void {
    this.#tasks = live;
  }

  liveCalls(open: number): void {
    this.#liveCalls = open;
  }

  buffered(bytes: number): void {
    this.#buffered = bytes;
  }

  dependency(dependency: string, fresh: boolean | undefined): void {
    if (fresh === undefined) this.#dependencies.remove({ dependency });
    else this.#dependencies.set({ dependency }, fresh ? 1 : 0);
  }

  clockStep(direction: 'forward' | 'back'): void {
    this.#clockSteps.inc({ direction });
  }

  killedAgents(count: number): void {
    this.#killed = count;
  }

  auditDropped(): void {
    this.#dropped.inc();
  }

  spansDropped(count: number): void {
    this.#spansDropped.inc(count);
  }

  reload({ what, result }: Reload): void {
    this.#reloads.inc({ what, result: result.ok ? 'ok' : 'failed' });
    if (what === 'policy') this.#synchronized.set(result.ok ? 1 : 0);
    if (!result.ok) return;
    if (result.notAfter !== undefined) this.#expiry.set({ kind: what }, result.notAfter / 1000);
    for (const [kind, end] of Object.entries(result.ends ?? {}))
      if (end !== undefined) this.#expiry.set({ kind }, end / 1000);
    if (result.shadowRoutes !== undefined) this.#shadowRoutes.set(result.shadowRoutes);
    if (result.digest === undefined) return;
    this.#policyInfo.reset();
    this.#policyInfo.set({ digest: result.digest }, 1);
  }

  /** A gauge that is read at the scrape, so that a change costs one assignment. */
  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: this.#registers,
      collect() {
        this.set(read());
      },
    });
  }
}

function requestCells(registers: Registry[]): Cells<Counter.Internal> {
  const counter = new Counter({
    name: 'sidegate_requests_total',
    help: 'Finished calls.',
    labelNames: REQUEST_LABELS,
    registers,
  });
  return new Cells({
    cap: MAX_REQUEST_CELLS,
    make: (labels) => counter.labels(...labels),
    overflow: ([direction = '', , , ...rest]) => [direction, 'other', 'other', ...rest],
  });
}

function durationCells(registers: Registry[]): Cells<Histogram.Internal<string>> {
  const histogram = new Histogram({
    name: 'sidegate_request_duration_seconds',
    help: 'Whole calls, until both directions were over.',
    labelNames: DURATION_LABELS,
    buckets: DURATION_BUCKETS,
    registers,
  });
  return new Cells({
    cap: MAX_DURATION_CELLS,
    make: (labels) => histogram.labels(...labels),
    overflow: ([direction = '']) => [direction, 'other'],
  });
}
