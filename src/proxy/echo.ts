import { Refusal, type ForwardableCall, type Reply, type Source } from '../call/index.ts';
import type { Secret } from '../lib/index.ts';
import { WatchedBody } from './watched-body.ts';

/**
 * The answer, once its head is known to hold neither the handle nor the token of its call; its body is watched for the
 * handle as it goes by. A handle in a coded body (gzip) is not seen.
 *
 * @param cut ends the call behind us
 * @throws Refusal CREDENTIAL_ECHOED
 */
export function withoutEcho(
  reply: Reply,
  { handle, token }: ForwardableCall,
  cut: (echoed: Refusal) => void,
): Reply {
  if (holds(reply, handle) || holds(reply, token)) {
    const echoed = new Refusal('CREDENTIAL_ECHOED', 'in a header field of the answer');
    cut(echoed);
    throw echoed;
  }
  if (handle === undefined) return reply;
  const watch = (source: Source): Source =>
    new WatchedBody(source, handle.reveal(), () =>
      cut(new Refusal('CREDENTIAL_ECHOED', 'in the body of the answer')),
    );
  const { body } = reply;
  if (body.kind === 'source') return { ...reply, body: { ...body, source: watch(body.source) } };
  if (body.kind !== 'tunnel') return reply;
  const { source, sink } = body.tunnel;
  return { ...reply, body: { ...body, tunnel: { source: watch(source), sink } } };
}

function holds({ headers }: Reply, secret: Secret | undefined): boolean {
  if (secret === undefined) return false;
  const text = secret.reveal();
  for (const [name, value] of headers) {
    if (value.length >= text.length && value.includes(text)) return true;
    // Names come in lower case.
    if (name.length >= text.length && name.includes(text.toLowerCase())) return true;
  }
  return false;
}
