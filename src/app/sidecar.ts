import type { Config } from '../config/index.ts';
import { systemClock, type Clock, type Listen } from '../lib/index.ts';
import { startAdmin, startStatus } from '../status/index.ts';
import { createTelemetry, type Output } from '../telemetry/index.ts';
import { Inbound, type Reloaded } from './inbound.ts';
import { adminHandlers } from './operator.ts';
import { Reloader } from './reloader.ts';

export interface SidecarOptions {
  readonly config: Config;
  /** Where people or log collectors read. */
  readonly output: Output;
  /** What of the configuration the operator should know. */
  readonly warnings?: readonly string[];
  readonly now?: Clock;
}

/** A sidecar that serves. */
export interface Sidecar {
  /** Where callers connect; with the port that the system chose. */
  readonly address: Listen;
  /** Where health and metrics are, if they are anywhere. */
  readonly status: Listen | undefined;
  /**
   * Reads certificate, trust and policy anew, each whole; what is broken leaves the old in force and is told. Changed
   * files are noticed without it.
   */
  reload(): Reloaded[];
  /** Resolves when the audit so far is in its file. */
  flush(): Promise<void>;
  /** Refuses new calls, gives open ones `limits.drain`, cuts the rest, closes everything. Harmless when repeated. */
  drain(): Promise<void>;
  /** Cuts what a drain still waits for. */
  stopNow(): void;
}

/**
 * Starts everything, or nothing: what was begun before a fault is taken back.
 *
 * @throws OperatorFault or SourceFaults: what is wrong, and the remedy
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { config, output, now = systemClock } = options;
  await using begun = new AsyncDisposableStack();
  const telemetry = createTelemetry({ output, audit: config.audit, now });
  begun.defer(() => telemetry.close());
  const inbound = new Inbound(config, telemetry, now);
  begun.defer(() => inbound.close());
  const address = await inbound.listen();
  const reloader = begun.adopt(new Reloader(config, inbound), (it) => it.close());
  const status = config.status && {
    readiness: () => inbound.readiness(),
    metrics: () => telemetry.metrics(),
    metricsContentType: telemetry.metricsContentType,
    ...config.status,
  };
  const statusServer = status && begun.adopt(await startStatus(status), (it) => it.close());
  if (config.admin !== undefined) {
    const handlers = adminHandlers(telemetry, inbound, reloader);
    begun.adopt(await startAdmin({ ...config.admin, handlers }), (it) => it.close());
  }
  for (const message of options.warnings ?? [])
    telemetry.emit({ kind: 'log', level: 'warn', message });
  telemetry.emit({ kind: 'log', level: 'info', message: inbound.summary(address) });
  const everything = begun.move();
  let drained: Promise<void> | undefined;
  return {
    address,
    status: statusServer?.address,
    reload: () => reloader.all(),
    flush: () => telemetry.flush(),
    drain: () => (drained ??= inbound.drain().then(() => everything.disposeAsync())),
    stopNow: () => inbound.cut(),
  };
}
