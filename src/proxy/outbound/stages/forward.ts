import {
  Refusal,
  failed,
  forwarded,
  type ConsentedOutbound,
  type FailureCode,
  type Headers,
  type Reply,
} from '../../../call/index.ts';
import type { Secret } from '../../../lib/index.ts';
import type { UpstreamRequest } from '../../../upstream/index.ts';
import type { Exchange } from '../../exchange.ts';
import { traceparent } from '../../trace.ts';
import type { Departure } from '../departure.ts';
import { withoutToken } from '../echo.ts';
import type { OutboundHall, PeerWay } from '../hall.ts';
import type { LiveOutbound } from '../live.ts';

/** What a call goes out with. */
export interface Going {
  readonly live: LiveOutbound;
  readonly way: PeerWay;
  readonly token: Secret | undefined;
  readonly departure: Departure;
}

/** Carries the call to the peer and brings the head of its answer back; the bodies stream on their own. */
export async function forward(
  call: ConsentedOutbound,
  exchange: Exchange,
  { live, way, token, departure }: Going,
  hall: OutboundHall,
): Promise<Reply> {
  forwarded(call, performance.now());
  const peerCall = way.send({
    ...toPeer(call, exchange),
    headers: headersFor(call, { way, token }, hall),
  });
  live.exchangeWithPeer = peerCall;
  departure.onLeft((reason) => peerCall.abort(reason));
  const reply = withoutToken(await answered(peerCall.reply), token, (echoed) => {
    failed(call, echoed);
    peerCall.abort(new Error('the answer holds a credential'));
  });
  const headers = reply.headers.filter(([name]) => !isOurs(name));
  return { ...reply, headers: [...headers, ['x-request-id', call.id]] };
}

function toPeer(call: ConsentedOutbound, exchange: Exchange): Omit<UpstreamRequest, 'headers'> {
  const { method, request } = call;
  return {
    method,
    path: request.path + request.query,
    body: request.body.kind === 'none' ? undefined : exchange.body,
    bodyLength: request.body.kind === 'length' ? request.body.bytes : undefined,
    upgrade: undefined,
  };
}

/** The agent's own fields, without any that says who calls or with what right; then ours. */
function headersFor(
  call: ConsentedOutbound,
  { way, token }: Pick<Going, 'way' | 'token'>,
  hall: OutboundHall,
): Headers {
  const { headers, via, trace } = call.request;
  const hop = `1.1 ${hall.pseudonym()}`;
  const fields: (readonly [string, string])[] = [
    ['host', way.authority],
    ...headers,
    ['x-request-id', call.id],
    ['via', via === undefined ? hop : `${via}, ${hop}`],
    ['traceparent', traceparent(trace)],
  ];
  if (trace.state !== undefined) fields.push(['tracestate', trace.state]);
  if (token !== undefined) fields.push(['authorization', `Bearer ${token.reveal()}`]);
  return fields;
}

/** What the agent would take for ours. */
function isOurs(name: string): boolean {
  return name === 'x-request-id' || name === 'alt-svc' || name.startsWith('x-sidegate-');
}

/** The pool speaks of the agent behind, as it does on the way in. */
const OF_PEER: Readonly<Partial<Record<FailureCode, FailureCode>>> = {
  UPSTREAM_UNREACHABLE: 'PEER_UNREACHABLE',
};

async function answered(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(OF_PEER[error.code] ?? error.code, error.detail, error.cause);
  }
}
