import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Credential } from './pki.ts';

/** A request as a server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly fields: readonly string[];
  readonly body: string;
  /** The name in the client certificate, and its SHA-256 as `x5t#S256` has it. */
  readonly client: string;
  readonly thumbprint: string;
  readonly resumed: boolean;
}

export type Answering = (seen: Seen, response: ServerResponse) => void;

/** Somebody else's server, by real TLS, which asks for a client certificate. */
export interface TestServer {
  readonly port: number;
  readonly seen: Seen[];
  /** Connections whose handshake was complete. */
  readonly connections: number;
  answer(how: Answering): void;
  /** Shows another certificate from the next handshake on; with `anew`, ends the connections that are open. */
  show(credential: Credential, anew?: 'anew'): void;
  /** Ends it and everything that is open. */
  stop(): void;
}

export async function startServer(
  credential: Credential,
  caPem: string,
  how: Answering,
  port = 0,
): Promise<TestServer> {
  const seen: Seen[] = [];
  const state = { how, connections: 0 };
  const { chainPem: cert, keyPem: key } = credential;
  const asked = { ca: caPem, requestCert: true, rejectUnauthorized: false };
  const server: Server = createServer({ cert, key, ...asked }, (request, response) => {
    void seenBy(request).then((one) => {
      seen.push(one);
      state.how(one, response);
    });
  });
  server.on('secureConnection', () => (state.connections += 1));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(stop);
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    get connections() {
      return state.connections;
    },
    answer: (next) => (state.how = next),
    show: (next, anew) => {
      server.setSecureContext({ cert: next.chainPem, key: next.keyPem, ca: caPem });
      if (anew !== undefined) server.closeAllConnections();
    },
    stop,
  };
}

async function seenBy(request: IncomingMessage): Promise<Seen> {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) throw new TypeError('it speaks TLS');
  const der = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    fields: request.rawHeaders,
    body: Buffer.concat(chunks).toString(),
    client: socket.getPeerX509Certificate()?.subjectAltName ?? '',
    thumbprint: createHash('sha256').update(der).digest('base64url'),
    resumed: socket.isSessionReused(),
  };
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
