import { createServer } from 'node:http';
import { bind } from '../../status/index.ts';

/** A request as it came to the agent behind the sidecar. */
export interface Received {
  readonly method: string;
  readonly path: string;
  /** As they were spelled on the wire, in their order. */
  readonly headers: readonly (readonly [string, string])[];
}

export interface DemoAgent extends AsyncDisposable {
  /** Everything that reached it so far, and grows. */
  readonly received: readonly Received[];
}

const USE = { what: 'the agent of the demo', setting: 'TMPDIR' };

/**
 * Says yes to everything and writes down what it was sent, on a Unix socket that this user alone can open: whatever is
 * in its book came through the sidecar.
 */
export async function startAgent(path: string): Promise<DemoAgent> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', rawHeaders } = request;
    received.push({ method, path: url, headers: pairs(rawHeaders) });
    request.resume();
    response.setHeader('content-type', 'application/json').end('{"done":true}\n');
  });
  await bind(server, { kind: 'unix', path }, USE);
  return {
    received,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Every value of a field in whatever spelling: some servers take any character but letters and digits for a `-`. */
export function valuesOf({ headers }: Received, name: string): readonly string[] {
  return headers
    .filter(([field]) => field.toLowerCase().replace(/[^a-z0-9]/g, '-') === name)
    .map(([, value]) => value);
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}
