import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { listenOn, originOf, parseAddress } from './address.ts';
import { Events } from './events.ts';
import { Invoices } from './invoices.ts';
import { Mcp } from './mcp.ts';
import { restRoutes } from './rest.ts';
import { pathOf, router } from './router.ts';
import { echoOn, SOCKET_PATH, socketRoutes } from './socket.ts';
import { streamRoutes } from './streams.ts';

export interface InvoicesAgent {
  /** e.g. `http://127.0.0.1:3000`; `http://localhost` if it listens on a Unix socket. */
  readonly origin: string;
  readonly socketPath?: string;
  /** Ends streams and sockets, gives running requests a second, then cuts them. */
  close(): Promise<void>;
}

const GRACE_MS = 1000;

/** Starts an agent with its own data. `listen` is `host:port` (port 0: any) or `unix:/path`. */
export async function startInvoicesAgent({ listen }: { listen: string }): Promise<InvoicesAgent> {
  const address = parseAddress(listen);
  const invoices = new Invoices();
  const events = new Events(invoices);
  const mcp = new Mcp(invoices);
  const routes = {
    ...restRoutes(invoices),
    ...streamRoutes,
    ...events.routes,
    ...mcp.routes,
    ...socketRoutes,
  };
  const server = createServer(
    {
      // An upload may take as long as it needs.
      requestTimeout: 0,
      // Longer than a proxy keeps its idle connections, so that the proxy is the one who closes them.
      keepAliveTimeout: 75_000,
      shouldUpgradeCallback: (request) =>
        pathOf(request) === SOCKET_PATH && request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    router(routes),
  );
  const closeSockets = echoOn(server);
  await listenOn(server, address);

  return {
    origin: originOf(server),
    ...(address.path === undefined ? {} : { socketPath: address.path }),
    close: async () => {
      events.close();
      closeSockets();
      await mcp.close();
      await stop(server);
    },
  };
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await once(server, 'close');
  clearTimeout(cut);
}
