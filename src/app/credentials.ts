import type { Emit } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import { awaitFiles, missingFiles } from '../files/index.ts';

type AwaitedFrom = Pick<Config, 'identity' | 'trust'> & {
  readonly limits: Pick<Config['limits'], 'startWait'>;
};

/**
 * Gives whoever provides our certificate, key and roots a moment to do so: Kubernetes, cert-manager and SPIRE's helper
 * write them while we start.
 *
 * @throws the signal's reason if it is aborted
 */
export async function awaitCredentials(
  { identity, trust, limits }: AwaitedFrom,
  emit: Emit,
  stop: AbortSignal,
): Promise<void> {
  const roots = Object.values(trust).map((domain) => domain.roots);
  const files = [identity.cert, identity.key, ...roots];
  const missing = missingFiles(files);
  if (missing.length === 0 || limits.startWait === 0) return;
  const seconds = limits.startWait / 1000;
  const message = `waits up to ${seconds} s (limits.startWait) for ${missing.join(', ')}: not there yet`;
  emit({ kind: 'log', level: 'warn', message });
  await awaitFiles(files, limits.startWait, stop);
}
