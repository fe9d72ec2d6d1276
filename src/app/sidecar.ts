import type { Config } from '../config/index.ts';
import { systemClock, type Clock, type Listen } from '../lib/index.ts';
import { KillSwitch, Tasks, createContexts } from '../state/index.ts';
import { startAdmin, startStatus, type RunningServer } from '../status/index.ts';
import { createTelemetry, type Output, type Telemetry } from '../telemetry/index.ts';
import { awaitCredentials } from './credentials.ts';
import { Inbound } from './inbound.ts';
import { adminHandlers } from './operator.ts';
import { OutboundTasks } from './outbound-tasks.ts';
import { Outbound } from './outbound.ts';
import { ServiceReach } from './reach.ts';
import { Reloader, watchConfiguration } from './reloader.ts';
import { Sealer } from './sealer.ts';
import type { Reloaded } from './sources.ts';

export interface SidecarOptions {
  readonly config: Config;
  /** Where people or log collectors read. */
  readonly output: Output;
  /** What of the configuration the operator should know. */
  readonly warnings?: readonly string[];
  readonly now?: Clock;
  /** Where the configuration was read, so that a change of it is noticed. */
  readonly file?: string;
  /** Ends the waiting for certificates that are not there yet. */
  readonly stop?: AbortSignal;
}

/** A sidecar that serves. */
export interface Sidecar {
  /** Where callers connect; with the port that the system chose. */
  readonly address: Listen;
  /** Where health and metrics are, if they are anywhere. */
  readonly status: Listen | undefined;
  /** Where the agent makes its calls, if it may make any. */
  readonly outbound: Listen | undefined;
  /**
   * Reads certificate, trust and policy anew, each whole; what is broken leaves the old in force and is told. Changed
   * files are noticed without it. The audit file is opened anew, in case it was moved.
   */
  reload(): Reloaded[];
  /** Resolves when the audit so far is in its file. */
  flush(): Promise<void>;
  /** Refuses new calls, gives open ones `limits.drain`, cuts the rest, closes everything. Harmless when repeated. */
  drain(): Promise<void>;
  /** Cuts what a drain still waits for. */
  stopNow(): void;
  /**
   * For a process that cannot go on: from this moment nobody gets in and nothing goes on. Resolves when the audit of
   * what was cut is in its file.
   */
  breakOff(): Promise<void>;
}

/**
 * Starts everything, or nothing: what was begun before a fault is taken back. Health is there first, and says NOT_READY.
 *
 * @throws OperatorFault or SourceFaults: what is wrong, and the remedy; the reason of `stop` if it is aborted meanwhile
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { config, output, now = systemClock, stop = NEVER } = options;
  await using begun = new AsyncDisposableStack();
  const sealer = new Sealer();
  const { audit, tracing } = config;
  const telemetry = createTelemetry({ output, audit, tracing, now, seal: sealer.current });
  begun.defer(() => telemetry.close());
  let readiness = (): readonly string[] => ['NOT_READY'];
  let degraded = (): readonly string[] => [];
  const asked = { readiness: () => readiness(), degraded: () => degraded() };
  const status = await startHealth(config, telemetry, asked);
  begun.defer(() => status?.close());
  const killSwitch = new KillSwitch(config.admin?.killed);
  await awaitCredentials(config, telemetry.emit, stop);
  const parts = { config, telemetry, killSwitch, now };
  const wayOut = wayOutOf(parts);
  const inbound = begun.adopt(new Inbound({ ...parts, ...wayOut }), (it) => it.close());
  const { sources } = inbound;
  sealer.use(sources.identity);
  const outbound =
    wayOut && begun.adopt(new Outbound({ ...parts, ...wayOut, sources }), (it) => it.close());
  // Before anybody can call us: the agent may have to call somebody for them.
  const way = await outbound?.listen();
  const address = await inbound.listen();
  readiness = () => inbound.readiness();
  degraded = () => inbound.degraded();
  const reloader = begun.adopt(new Reloader(config, inbound, telemetry), (it) => it.close());
  if (options.file !== undefined)
    begun.adopt(watchConfiguration(options.file, telemetry.emit), (it) => it.close());
  if (config.admin !== undefined) {
    const review = () => inbound.review() + (outbound?.review() ?? 0);
    const reviewed = { sources, review };
    const handlers = adminHandlers({ telemetry, inbound: reviewed, reloader, killSwitch, now });
    begun.adopt(await startAdmin({ ...config.admin, handlers }), (it) => it.close());
  }
  announce(telemetry, killSwitch, options.warnings);
  telemetry.emit({ kind: 'log', level: 'info', message: inbound.summary(address) });
  if (outbound !== undefined && way !== undefined)
    telemetry.emit({ kind: 'log', level: 'info', message: outbound.summary(way) });
  const everything = begun.move();
  let drained: Promise<void> | undefined;
  return {
    address,
    status: status?.address,
    outbound: way,
    reload: () => reloader.all(),
    flush: () => telemetry.flush(),
    drain: () =>
      (drained ??= drainBoth(inbound, outbound, config.limits.drain).then(() =>
        everything.disposeAsync(),
      )),
    stopNow: () => {
      inbound.cut();
      outbound?.cut();
    },
    breakOff: () =>
      Promise.all([inbound.breakOff(), outbound?.breakOff()]).then(() => telemetry.close()),
  };
}

const NEVER = new AbortController().signal;

/** What both ways share, where the agent may make calls. */
function wayOutOf({ config, telemetry: { emit }, now }: WayOutParts) {
  const { outbound: section, limits } = config;
  if (section === undefined) return undefined;
  const tick = () => performance.now();
  const kept = new Tasks({
    ...{ file: section.tasks, now, tick },
    onCount: (live) => emit({ kind: 'tasks', live }),
    complain: (cause) => {
      const message = 'the end of a task could not be written down: a restart would forget it';
      emit({ kind: 'log', level: 'error', message, cause });
    },
  });
  // As many as there are places: a call that has a place has a handle.
  const contexts = createContexts(tick, { grace: section.grace, cap: limits.calls, tasks: kept });
  return {
    section,
    contexts,
    tasks: new OutboundTasks(contexts, now),
    tokenService: new ServiceReach(),
  };
}

interface WayOutParts {
  readonly config: Config;
  readonly telemetry: Telemetry;
  readonly now: Clock;
}

/** The way out stays open for the calls that still come to their end by it; both together have `within` milliseconds. */
async function drainBoth(
  inbound: Inbound,
  outbound: Outbound | undefined,
  within: number,
): Promise<void> {
  const began = performance.now();
  await inbound.drain();
  await outbound?.drain(Math.max(0, within - (performance.now() - began)));
}

function startHealth(
  { status }: Config,
  telemetry: Telemetry,
  asked: { readiness: () => readonly string[]; degraded: () => readonly string[] },
): Promise<RunningServer> | undefined {
  const { metricsContentType } = telemetry;
  const metrics = () => telemetry.metrics();
  return status && startStatus({ ...asked, metrics, metricsContentType, ...status });
}

/** What the operator should know before anything happens. */
function announce(
  { emit }: Telemetry,
  { list }: KillSwitch,
  warnings: readonly string[] = [],
): void {
  for (const message of warnings) emit({ kind: 'log', level: 'warn', message });
  emit({ kind: 'killed-agents', count: list.size });
  if (list.size === 0) return;
  const names = [...list.keys()].join(', ');
  emit({ kind: 'log', level: 'warn', message: `killed, as before: ${names}` });
}
