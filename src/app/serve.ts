import type { Sidecar } from './sidecar.ts';

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** The signals of the process, passed in so that a test can send its own. */
export interface Signals {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
}

/** A sidecar, or what is run like one. */
export type Served = Pick<Sidecar, 'reload' | 'drain' | 'stopNow'>;

/**
 * Starts a sidecar and serves until SIGTERM or SIGINT, then drains; a second one cuts what is still open, and one that
 * comes while it starts ends that. SIGHUP reloads. Resolves when everything is closed.
 *
 * @throws what `start` throws
 */
export async function serve(
  start: (stop: AbortSignal) => Promise<Served>,
  signals: Signals,
): Promise<void> {
  const stopping = new AbortController();
  const { promise: asked, resolve } = Promise.withResolvers<undefined>();
  let sidecar: Served | undefined;
  const stop = (): void => {
    if (stopping.signal.aborted) sidecar?.stopNow();
    stopping.abort();
    resolve(undefined);
  };
  signals.on('SIGTERM', stop);
  signals.on('SIGINT', stop);
  // Stays: one that comes as the process ends must not turn its exit code into a signal's.
  signals.on('SIGHUP', () => {
    sidecar?.reload();
  });
  try {
    sidecar = await start(stopping.signal);
    await asked;
    await sidecar.drain();
    sidecar = undefined;
  } catch (error) {
    if (!stopping.signal.aborted || !isAbort(error)) throw error;
  } finally {
    signals.off('SIGTERM', stop);
    signals.off('SIGINT', stop);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
