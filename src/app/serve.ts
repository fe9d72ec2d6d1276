import type { Sidecar } from './sidecar.ts';

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** The signals of the process, passed in so that a test can send its own. */
export interface Signals {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
}

/**
 * Serves until SIGTERM or SIGINT, then drains; a second one cuts what is still open. SIGHUP reloads. Resolves when
 * everything is closed.
 */
export async function serve(sidecar: Sidecar, signals: Signals): Promise<void> {
  const { promise: asked, resolve } = Promise.withResolvers<undefined>();
  let stopping = false;
  const stop = (): void => {
    if (stopping) sidecar.stopNow();
    stopping = true;
    resolve(undefined);
  };
  const reload = (): void => void sidecar.reload();
  signals.on('SIGTERM', stop);
  signals.on('SIGINT', stop);
  signals.on('SIGHUP', reload);
  try {
    await asked;
    await sidecar.drain();
  } finally {
    signals.off('SIGTERM', stop);
    signals.off('SIGINT', stop);
    signals.off('SIGHUP', reload);
  }
}
