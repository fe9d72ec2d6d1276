import { Refusal, type Reply } from '../../call/index.ts';
import type { Secret } from '../../lib/index.ts';
import { WatchedBody } from '../watched-body.ts';

/**
 * The answer of a peer, once its head is known not to hold the token that it was sent; its body is watched as it goes
 * by. A token in a coded body (gzip) is not seen.
 *
 * @param cut ends the call at the peer
 * @throws Refusal CREDENTIAL_ECHOED
 */
export function withoutToken(
  reply: Reply,
  token: Secret | undefined,
  cut: (echoed: Refusal) => void,
): Reply {
  if (token === undefined) return reply;
  const text = token.reveal();
  if (reply.headers.some(([, value]) => value.includes(text))) {
    const echoed = new Refusal('CREDENTIAL_ECHOED', 'in a header field of the answer');
    cut(echoed);
    throw echoed;
  }
  const { body } = reply;
  if (body.kind !== 'source') return reply;
  const source = new WatchedBody(body.source, text, () =>
    cut(new Refusal('CREDENTIAL_ECHOED', 'in the body of the answer')),
  );
  return { ...reply, body: { kind: 'source', source } };
}
