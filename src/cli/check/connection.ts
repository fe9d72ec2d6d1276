import { connect, type NetConnectOpts } from 'node:net';

const PATIENCE = 2000;

/** Undefined if somebody takes connections there, or the code of what stands in the way. Nothing is sent. */
export function connection(to: NetConnectOpts): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(to);
    const done = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(PATIENCE, () => done('SILENCE'));
    socket.once('connect', () => done(undefined));
    socket.once('error', (error) => done(codeOf(error)));
  });
}

/** Of several addresses that were tried, the last one's. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return codeOf(error.errors.at(-1));
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
