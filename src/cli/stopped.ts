import type { Terminal } from './terminal.ts';

/** Waits for the first Ctrl-C or SIGTERM; a second one ends the process in the usual way. */
export function stopped({ signals }: Terminal): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      signals.off('SIGINT', stop);
      signals.off('SIGTERM', stop);
      resolve();
    };
    signals.on('SIGINT', stop);
    signals.on('SIGTERM', stop);
  });
}
