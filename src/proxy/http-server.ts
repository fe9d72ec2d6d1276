import { ServerResponse, createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FailureCode } from '../call/index.ts';
import { AskedUpgrade } from './asked-upgrade.ts';
import type { Asked } from './asked.ts';

/** Bytes and milliseconds. */
export interface ParserLimits {
  readonly headers: number;
  readonly headTimeout: number;
  readonly idleTimeout: number;
}

/** What the parser brings. */
export interface Arrivals {
  onRequest(asked: Asked): void;
  /** Whether this connection may leave HTTP behind now. */
  mayUpgrade(socket: Duplex): boolean;
  /** `CONNECT` while other calls are under way: Node cannot answer those any more. */
  onStrayConnect(socket: Duplex): void;
  /** May come again for one connection. */
  onError(error: NodeJS.ErrnoException, socket: Duplex): void;
}

/** Node's HTTP server, as strict as it gets. It listens nowhere: connections are handed to it. */
export function createHttpServer(limits: ParserLimits, arrivals: Arrivals): Server {
  const server = createServer({
    maxHeaderSize: limits.headers,
    headersTimeout: limits.headTimeout,
    keepAliveTimeout: limits.idleTimeout,
    // A body may take as long as it needs: streams have no end.
    requestTimeout: 0,
    connectionsCheckingInterval: 500,
    // Judged with the rest of the head, so that it is answered and recorded like the rest.
    requireHostHeader: false,
    rejectNonStandardBodyWrites: true,
    noDelay: true,
    // Else Node lets go of the connection while earlier answers are still to be written to it.
    shouldUpgradeCallback: ({ socket }) => arrivals.mayUpgrade(socket),
  });
  server.maxHeadersCount = 0;
  const enter = (request: IncomingMessage, response: ServerResponse) =>
    arrivals.onRequest({ request, response, awaitsContinue: false, upgrade: undefined });
  server.on('request', enter);
  server.on('checkExpectation', enter);
  server.on('checkContinue', (request, response) =>
    arrivals.onRequest({ request, response, awaitsContinue: true, upgrade: undefined }),
  );
  const leaveHttp = (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // `CONNECT` comes without having been asked about.
    if (!arrivals.mayUpgrade(socket)) return arrivals.onStrayConnect(socket);
    arrivals.onRequest(askedUpgrade(request, socket, head));
  };
  server.on('upgrade', leaveHttp);
  server.on('connect', leaveHttp);
  server.on('clientError', (error, socket) => arrivals.onError(error, socket));
  // Node begins to look for slow heads when it listens, and never would here.
  server.emit('listening');
  return server;
}

function askedUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): Asked {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  const upgrade = new AskedUpgrade(socket, head);
  return { request, response, awaitsContinue: false, upgrade };
}

/** What a parser error means; undefined for a connection that merely broke. */
export function codeOf({ code = '' }: NodeJS.ErrnoException): FailureCode | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'TIMEOUT';
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;
  return code.startsWith('HPE_') ? 'MALFORMED_REQUEST' : undefined;
}

/** Whether a parser error says only that bytes follow a request which said that it is the last. */
export function isAfterLast({ code }: NodeJS.ErrnoException): boolean {
  return code === 'HPE_CLOSED_CONNECTION';
}
