import { OperatorFault, type Clock } from '../lib/index.ts';
import { renew, type RenewalReport } from './renew.ts';

export interface WatchOptions {
  readonly folder: string;
  readonly intervalMs: number;
  readonly now: Clock;
  /** Called when something was renewed. */
  readonly onRenewed: (report: RenewalReport) => void;
  /** Called for the CA and for each agent that could not be renewed; it is tried again at the next tick. */
  readonly onError: (fault: OperatorFault) => void;
  /** Whether this alone keeps the process running; false by default. */
  readonly keepAlive?: boolean;
}

export interface RenewalWatch {
  stop(): void;
}

/** Renews what is due, now and then every interval, until stopped. */
export function watchRenewal(options: WatchOptions): RenewalWatch {
  const timer = setInterval(() => tick(options), options.intervalMs);
  if (options.keepAlive !== true) timer.unref();
  tick(options);
  return { stop: () => clearInterval(timer) };
}

function tick(options: WatchOptions): void {
  try {
    const report = renew(options);
    if (report.renewed.length > 0) options.onRenewed(report);
    for (const { fault } of report.failed) options.onError(fault);
  } catch (fault) {
    if (!(fault instanceof OperatorFault)) throw fault;
    options.onError(fault);
  }
}
