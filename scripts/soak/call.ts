import { randomUUID } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { Pass } from './credentials.ts';
import type { Kind } from './kinds.ts';
import { sleep } from './options.ts';
import { codeOf, idOf } from './response.ts';

/** Where the sidecar is, whom the callers trust, and how many milliseconds they wait for a whole answer. */
export interface Target {
  readonly port: number;
  readonly ca: string;
  readonly patience: number;
}

/** How a call went, as its caller saw it. */
export interface Outcome {
  readonly callerId: string;
  /** Undefined without an answer. */
  readonly id: string | undefined;
  /** `OK`, a code of the catalogue, or undefined if there was no whole answer. */
  readonly code: string | undefined;
  readonly detail: string;
  readonly from: number;
  readonly until: number;
}

let sources = 0;

/** Makes one call; never rejects. */
export async function call(target: Target, kind: Kind, pass: Pass, fresh: boolean) {
  const from = Date.now();
  const callerId = randomUUID();
  let id: string | undefined;
  try {
    const asked = ask(target, kind, pass, { fresh, callerId });
    const response = await answered(asked, kind, target.patience);
    id = idOf(response);
    const { text, bytes } = await read(response, kind.slow);
    const seen = judge(kind, pass.agent, response, { text, bytes });
    return { callerId, id, ...seen, from, until: Date.now() } satisfies Outcome;
  } catch (error) {
    const detail = String(error);
    return { callerId, id, code: undefined, detail, from, until: Date.now() } satisfies Outcome;
  }
}

export function ask(
  target: Target,
  { method, path, parts, length }: Kind,
  { credential, connections }: Pass,
  { fresh, callerId }: { fresh: boolean; callerId: string },
): ClientRequest {
  const bytes = parts?.reduce((sum, part) => sum + part.length, 0) ?? 0;
  const options: RequestOptions & ConnectionOptions = {
    ...{ host: '127.0.0.1', port: target.port, ca: target.ca, method, path },
    ...(credential.keyPem !== '' && { cert: credential.chainPem, key: credential.keyPem }),
    ALPNProtocols: ['http/1.1'],
    // Agents live at addresses of their own; one address would be one noisy neighbour.
    localAddress: `127.0.0.${2 + (sources++ % 50)}`,
    agent: fresh ? false : connections,
    headers: {
      'x-request-id': callerId,
      ...(length === true && { 'content-length': String(bytes) }),
    },
  };
  return request(options);
}

async function answered(asked: ClientRequest, kind: Kind, patience: number) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  asked.once('response', resolve);
  asked.on('error', reject);
  const late = setTimeout(() => asked.destroy(new Error('no answer in time')), patience);
  asked.once('close', () => {
    clearTimeout(late);
    reject(new Error('closed without an answer'));
  });
  void send(asked, kind);
  return promise;
}

async function send(asked: ClientRequest, { parts = [], slow }: Kind): Promise<void> {
  for (const part of parts) {
    if (asked.destroyed) return;
    asked.write(part);
    if (slow !== undefined) await sleep(slow);
  }
  asked.end();
}

async function read(response: IncomingMessage, slow: number | undefined) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= 65_536) chunks.push(chunk);
    if (slow !== undefined) await sleep(slow);
  }
  if (!response.complete) throw new Error('the answer broke off');
  return { text: Buffer.concat(chunks).toString(), bytes };
}

function judge(
  kind: Kind,
  agent: string,
  response: IncomingMessage,
  { text, bytes }: { text: string; bytes: number },
) {
  if ((response.statusCode ?? 0) < 300) {
    const right = kind.right(text, bytes, agent);
    return { code: right ? 'OK' : 'WRONG_ANSWER', detail: right ? '' : text.slice(0, 200) };
  }
  return { code: codeOf(response, text), detail: text.slice(0, 200) };
}
