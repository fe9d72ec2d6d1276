import { Refusal, type ForwardableCall, type Reply, type Source } from '../call/index.ts';
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
  const found = [handle, token].some(
    (secret) => secret !== undefined && holds(reply, secret.reveal()),
  );
  if (found) {
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

function holds({ headers }: Reply, text: string): boolean {
  const isIn = (field: string, wanted: string) =>
    field.length >= wanted.length && field.includes(wanted);
  // Names come in lower case.
  const name = text.toLowerCase();
  return headers.some((field) => isIn(field[1], text) || isIn(field[0], name));
}
