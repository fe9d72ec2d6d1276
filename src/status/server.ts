import { createServer, type Server, type ServerOptions } from 'node:http';

/** What one request asks, without anything that a body or a header could add. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** The methods that would be right, for a 405. */
  readonly allow?: string;
}

const MAX_CONNECTIONS = 64;
const SLOWEST_MS = 10_000;
const LIMITS: ServerOptions = {
  maxHeaderSize: 4096,
  headersTimeout: 5000,
  requestTimeout: 5000,
  connectionsCheckingInterval: 1000,
};

/**
 * A small HTTP server for small questions: one request a connection, bodies are not read, and whoever is slow is cut
 * off. `answer` that throws is a 500 without a word about why.
 */
export function smallServer(answer: (asked: Asked) => Answer | Promise<Answer>): Server {
  const server = createServer(LIMITS, (request, response) => {
    request.resume();
    // The limit is on peers that are slow, not on answers that take their time.
    request.socket.setTimeout(0);
    void answering(answer, askedBy(request.method, request.url)).then((reply) => {
      response.writeHead(reply.status, {
        'content-type': reply.contentType,
        'content-length': Buffer.byteLength(reply.body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        connection: 'close',
        ...(reply.allow === undefined ? {} : { allow: reply.allow }),
      });
      response.end(reply.body);
      request.socket.setTimeout(SLOWEST_MS);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(SLOWEST_MS);
  return server;
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value ?? null)}\n` };
}

/** Stops taking connections, lets answers that are on their way go out for a moment, then ends the rest. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const last = setTimeout(() => server.closeAllConnections(), 1000);
    server.close(() => {
      clearTimeout(last);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function answering(
  answer: (asked: Asked) => Answer | Promise<Answer>,
  asked: Asked,
): Promise<Answer> {
  try {
    return await answer(asked);
  } catch {
    return jsonAnswer(500, { status: 500, title: 'Internal error' });
  }
}

function askedBy(method = '', target = ''): Asked {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return { method, path, query: new URLSearchParams(mark === -1 ? '' : target.slice(mark)) };
}
