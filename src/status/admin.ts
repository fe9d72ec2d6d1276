import { join, parse } from 'node:path';
import { z } from 'zod';
import { OperatorFault, listenShape, renderListen, type Listen } from '../lib/index.ts';
import { bind } from './bind.ts';
import { closeServer, jsonAnswer, smallServer, type Answer, type Asked } from './server.ts';
import type { RunningServer } from './status.ts';

/** Where the operator's own socket is. Whoever may open it may read and steer the process, so it is never TCP. */
export const adminShape = z
  .strictObject({
    listen: listenShape.refine((listen) => listen.kind === 'unix', {
      error: 'must be a Unix socket, e.g. unix:run/sidegate.sock',
    }),
    killed: z
      .string({ error: 'must be the name of a file' })
      .min(1, { error: 'must be the name of a file' })
      .optional(),
  })
  .transform(({ listen, killed }) => ({ listen, killed: killed ?? besideSocket(listen) }));

/** Named after the socket: two sidecars may have theirs in one folder. */
function besideSocket(listen: Listen): string {
  const { dir, name } = parse(listen.kind === 'unix' ? listen.path : '');
  return join(dir, `${name}.killed.json`);
}

/** Answers one question; what it returns becomes JSON, and an OperatorFault is told as it is. */
export type AdminHandler = (query: URLSearchParams) => unknown;

/** By method and path, e.g. `GET /why`. */
export type AdminHandlers = Readonly<Record<string, AdminHandler>>;

export interface AdminOptions {
  readonly listen: Listen;
  readonly handlers: AdminHandlers;
}

/**
 * Serves the operator over a Unix socket that only its owner may open.
 *
 * @throws OperatorFault if the address is no Unix socket, or somebody else listens there
 */
export async function startAdmin({ listen, handlers }: AdminOptions): Promise<RunningServer> {
  if (listen.kind !== 'unix')
    throw new OperatorFault(
      `the admin socket cannot be ${renderListen(listen)}: over TCP anybody nearby could steer the process`,
      "Write a Unix socket, e.g. 'unix:run/sidegate.sock', under 'admin.listen'.",
    );
  const table = new Map(Object.entries(handlers));
  const server = smallServer((asked) => handle(table, asked));
  const address = await bind(server, listen, { what: 'the admin socket', setting: 'admin.listen' });
  return { address, close: () => closeServer(server) };
}

async function handle(
  table: ReadonlyMap<string, AdminHandler>,
  { method, path, query }: Asked,
): Promise<Answer> {
  const handler = table.get(`${method} ${path}`);
  if (handler === undefined) return unknownAnswer(table, path);
  try {
    return jsonAnswer(200, await handler(query));
  } catch (error) {
    if (!(error instanceof OperatorFault))
      return problem(500, 'the question could not be answered');
    return problem(422, error.message, error.remedy);
  }
}

function unknownAnswer(table: ReadonlyMap<string, AdminHandler>, path: string): Answer {
  const methods = [...table.keys()]
    .filter((key) => key.endsWith(` ${path}`))
    .map((key) => key.slice(0, key.indexOf(' ')));
  if (methods.length === 0) return problem(404, `there is no ${path} here`);
  const allow = methods.join(', ');
  return { ...problem(405, `${path} takes ${allow}`), allow };
}

function problem(status: number, detail: string, remedy?: string): Answer {
  const body = { type: 'about:blank', title: TITLES[status], status, detail, remedy };
  return { ...jsonAnswer(status, body), contentType: 'application/problem+json' };
}

const TITLES: Readonly<Record<number, string>> = {
  404: 'Not found',
  405: 'Method not allowed',
  422: 'Not possible',
  500: 'Internal error',
};
