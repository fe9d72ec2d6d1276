import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { OperatorFault } from '../../lib/index.ts';
import { callFault } from './fault.ts';
import type { Identity } from './identity.ts';

export interface CallRequest {
  readonly to: URL;
  readonly method: string;
  /** Sent exactly as it is. */
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * One request over mutual TLS, on a connection of its own. A body that is no refusal is handed to `show` as it comes, so
 * that a stream of events can be watched.
 *
 * @throws OperatorFault if there is no answer, or the server is not who it should be
 */
export async function callAs(
  identity: Identity,
  asked: CallRequest,
  show: (text: string) => void,
): Promise<Answer> {
  try {
    const response = await send({ ...identity, ...optionsOf(asked) }, asked.body);
    const body = await collect(response, isProblem(response.headers) ? () => undefined : show);
    const { statusCode: status = 0, statusMessage: reason = '', headers } = response;
    return { status, reason, headers, body };
  } catch (error) {
    throw callFault(error, asked.to);
  }
}

function optionsOf({ to, method, path, headers, body }: CallRequest): RequestOptions {
  const bytes = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const host = hasHost ? [] : ['host', to.host];
  return {
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    hostname: to.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: to.port === '' ? 443 : Number(to.port),
    method,
    path,
    headers: [...host, ...headers.flat(), ...bytes],
    agent: false,
  };
}

function send(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = request(options);
    asking.once('error', reject).once('response', resolve);
    asking.once('upgrade', (_, socket) => {
      socket.destroy();
      reject(
        new OperatorFault('the protocol was changed', 'Use a WebSocket client for this path.', {
          exitCode: 1,
        }),
      );
    });
    asking.end(body);
  });
}

async function collect(response: IncomingMessage, show: (text: string) => void): Promise<string> {
  response.setEncoding('utf8');
  let whole = '';
  for await (const chunk of response as AsyncIterable<string>) {
    whole += chunk;
    show(chunk);
  }
  return whole;
}

function isProblem(headers: IncomingHttpHeaders): boolean {
  return headers['content-type'] === 'application/problem+json';
}
