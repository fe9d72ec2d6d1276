import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './json.ts';
import { Refusal } from './refusal.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** What stands for `{id}` in the route's path; empty on other routes. */
  readonly id: string;
}

export type Handler = (exchange: Exchange) => void | Promise<void>;

/** Path, or path with a last segment `{id}`, to the handlers by method. GET answers HEAD too. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

/** Answers every request once: by its route's handler, or with the reason why not. Never throws. */
export function router(
  routes: Routes,
): (request: IncomingMessage, response: ServerResponse) => void {
  const table = new Map(
    Object.entries(routes).map(([path, methods]) => [path, methodsOf(methods)]),
  );
  return (request, response) => void answer(table, request, response);
}

/** The path as it was sent: not decoded, without the query. */
export function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? '/';
}

type Table = ReadonlyMap<string, ReadonlyMap<string, Handler>>;

async function answer(table: Table, request: IncomingMessage, response: ServerResponse) {
  try {
    const { handler, id } = find(table, request);
    const query = new URLSearchParams(request.url?.slice(pathOf(request).length));
    await handler({ request, response, query, id });
  } catch (error) {
    // A caller that has left is no failure, and hears no answer.
    if (!request.socket.destroyed) refuse(response, error);
  } finally {
    // A body that nobody read would block the connection for the next request.
    request.resume();
  }
}

function find(table: Table, request: IncomingMessage): { handler: Handler; id: string } {
  const path = pathOf(request);
  const slash = path.lastIndexOf('/');
  const exact = table.get(path);
  const methods = exact ?? table.get(`${path.slice(0, slash)}/{id}`);
  if (methods === undefined) throw new Refusal(404, `There is nothing at ${path}.`);
  const handler = methods.get(request.method ?? 'GET');
  if (handler === undefined) {
    const allow = [...methods.keys()].join(', ');
    throw new Refusal(405, `${path} does not answer ${request.method ?? 'GET'}.`, {
      headers: { allow },
    });
  }
  return { handler, id: exact === undefined ? path.slice(slash + 1) : '' };
}

function methodsOf(methods: Readonly<Record<string, Handler>>): Map<string, Handler> {
  const found = new Map(Object.entries(methods));
  const get = found.get('GET');
  return get === undefined ? found : found.set('HEAD', get);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (!(error instanceof Refusal)) console.error(error);
  if (response.headersSent) return void response.destroy();
  if (!(error instanceof Refusal)) return sendJson(response, 500, { error: 'The agent failed.' });
  const { status, message, issues, headers } = error;
  sendJson(response, status, { error: message, issues }, headers);
}
