import type { StsConfig } from '../config/index.ts';
import type { Clock, Listen } from '../lib/index.ts';
import type { Output } from '../telemetry/index.ts';
import type { Served } from './serve.ts';

export interface TokenServerOptions {
  readonly config: StsConfig;
  readonly output: Output;
  readonly now?: Clock;
  /** Where the configuration was read, so that a change of it is noticed. */
  readonly file?: string;
  /** Ends the waiting for certificates that are not there yet. */
  readonly stop?: AbortSignal;
}

/** A token service that serves. */
export interface TokenServer extends Served {
  /** Where agents connect; with the port that the system chose. */
  readonly address: Listen;
  readonly status: Listen | undefined;
  /** Resolves when the audit so far is in its file. */
  flush(): Promise<void>;
  /** For a process that cannot go on. Resolves when the audit is in its file. */
  breakOff(): Promise<void>;
}

/**
 * Starts everything, or nothing: without keys of its own, a certificate and a policy there is no service. It is loaded only
 * here: no sidecar needs it.
 *
 * @throws OperatorFault or SourceFaults: what is wrong, and the remedy; the reason of `stop` if it is aborted meanwhile
 */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { start } = await import('./sts.ts');
  return start(options);
}
