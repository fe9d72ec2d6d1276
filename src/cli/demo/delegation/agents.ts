import { createServer, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import { bind } from '../../../status/index.ts';
import type { Hop } from './names.ts';

/** What an agent does because of a call: calls a peer through the sidecar's outbound door, or just answers. */
interface Errand {
  readonly peer: Hop;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Leaves out whose call it works on. */
  readonly forgetful?: true;
  /** Answers first, and does it later: what it calls that work. */
  readonly task?: string;
}

/** By the path of the call. A tricked agent does what the text that it read says: here, what the path says. */
const ERRANDS: Readonly<Record<Hop, Readonly<Record<string, Errand>>>> = {
  planner: {
    '/plans/overview': { peer: 'billing', method: 'GET', path: '/invoices/7' },
    '/plans/tricked': { peer: 'billing', method: 'POST', path: '/refunds' },
    '/plans/later': { peer: 'billing', method: 'GET', path: '/invoices/7', task: 'plan-7' },
    '/plans/forgetful': { peer: 'billing', method: 'POST', path: '/refunds', forgetful: true },
  },
  billing: { '/invoices/7': { peer: 'ledger', method: 'GET', path: '/entries/7' } },
  ledger: {},
};

/** What an agent was sent: the fields by which its sidecar says what may be done, and everything by name. */
export interface Sent {
  readonly path: string;
  readonly scopes: string;
  /** Whether a token or a proof of one came through. */
  readonly credential: boolean;
}

/** What an agent was answered. */
export interface Answered {
  readonly status: number;
  readonly body: string;
}

export interface HopAgent extends AsyncDisposable {
  readonly received: readonly Sent[];
  /** Does the work that it has put off. */
  goOn(): Promise<Answered>;
  /** Says that this work is done. */
  finish(): Promise<Answered>;
}

const USE = { what: 'an agent of the demo', setting: 'TMPDIR' };

/**
 * An agent that knows nothing of tokens: it copies x-sidegate-context from the call that it works on to the call that it
 * makes for it, and passes on the answer.
 */
export async function startHopAgent(
  hop: Hop,
  sockets: { readonly own: string; readonly out: string },
): Promise<HopAgent> {
  const received: Sent[] = [];
  let later: { errand: Errand; context: string } | undefined;
  const server = createServer((asked, response) => {
    asked.resume();
    received.push(sentOf(asked));
    const errand = ERRANDS[hop][asked.url ?? ''];
    if (errand === undefined) return void response.end(`{"by":"${hop}"}\n`);
    const context = contextOf(asked);
    if (errand.task !== undefined) {
      later = { errand, context };
      return void response.setHeader('x-sidegate-task', errand.task).end('{}\n');
    }
    run(errand, context, sockets.out).then(
      ({ status, body }) => response.writeHead(status).end(body),
      () => response.writeHead(502).end(),
    );
  });
  await bind(server, { kind: 'unix', path: sockets.own }, USE);
  const putOff = () => {
    if (later === undefined) throw new TypeError('it has put nothing off');
    return later;
  };
  return {
    received,
    goOn: () => run(putOff().errand, putOff().context, sockets.out),
    finish: () =>
      ask(sockets.out, {
        ...{ method: 'DELETE', path: '/task' },
        headers: { host: 'sidegate.internal', 'x-sidegate-context': putOff().context },
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sentOf({ url = '', headers }: IncomingMessage): Sent {
  return {
    path: url,
    scopes: String(headers['x-sidegate-scopes'] ?? ''),
    credential: headers.authorization !== undefined || headers.dpop !== undefined,
  };
}

function contextOf({ headers }: IncomingMessage): string {
  return String(headers['x-sidegate-context'] ?? '');
}

function run(
  { peer, method, path, forgetful }: Errand,
  context: string,
  socketPath: string,
): Promise<Answered> {
  const fields = forgetful === true ? {} : { 'x-sidegate-context': context };
  const headers = { host: `${peer}.peer.internal`, ...fields };
  return ask(socketPath, { method, path, headers });
}

async function ask(
  socketPath: string,
  asked: Pick<RequestOptions, 'method' | 'path' | 'headers'>,
): Promise<Answered> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ ...asked, socketPath, agent: false })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
  return { status: response.statusCode ?? 502, body: await text(response) };
}
