import { ExitWith } from '../exit-with.ts';
import type { ProcessSignal, Terminal } from '../terminal.ts';

const SIGNALS: readonly ProcessSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Whoever stops it half-way must not be left with its folder, which holds keys. */
export async function untilStopped<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signals } = terminal;
  const aborting = new AbortController();
  const stop = (): void => aborting.abort();
  for (const signal of SIGNALS) signals.on(signal, stop);
  try {
    return await work(aborting.signal);
  } catch (error) {
    if (!aborting.signal.aborted) throw error;
    terminal.err('sidegate: the demo was stopped; nothing is left of it\n');
    throw new ExitWith(1);
  } finally {
    for (const signal of SIGNALS) signals.off(signal, stop);
  }
}
