import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { until } from './harness.ts';
import { decode, type SeenSpan } from './otlp.ts';

export interface Collector {
  readonly endpoint: string;
  readonly spans: SeenSpan[];
  readonly requests: IncomingMessage[];
  /** The bytes of all bodies, as text. */
  readonly raw: () => string;
  /** What it answers from now on, instead of taking spans. */
  misbehave(how: ((response: ServerResponse) => void) | undefined): void;
  /** The spans, once there are at least `n`. */
  seen(n: number): Promise<SeenSpan[]>;
}

/** An OTLP collector that takes protobuf over HTTP; gone when the test is over. */
export async function collector(): Promise<Collector> {
  const spans: SeenSpan[] = [];
  const requests: IncomingMessage[] = [];
  const bodies: Buffer[] = [];
  let wrong: ((response: ServerResponse) => void) | undefined;
  const server = createServer((request, response) => {
    requests.push(request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (wrong !== undefined) return wrong(response);
      const body = Buffer.concat(chunks);
      bodies.push(body);
      spans.push(...decode(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('it listens on TCP');
  return {
    endpoint: `http://127.0.0.1:${address.port}/v1/traces`,
    spans,
    requests,
    raw: () => Buffer.concat(bodies).toString('latin1'),
    misbehave: (how) => void (wrong = how),
    seen: (n) => until(() => (spans.length >= n ? spans : undefined)),
  };
}
