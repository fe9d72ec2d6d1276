import { Refusal, forwarded, type ForwardableCall, type Reply } from '../../call/index.ts';
import { METADATA_PATH } from '../../policy/index.ts';
import type { Hall } from '../hall.ts';
import { metadataOf } from '../metadata.ts';

/**
 * Our own answer on a route for metadata, from policy and configuration alone; undefined on any other.
 *
 * @throws Refusal NO_ROUTE if no token is taken at the path that is asked about, NOT_READY if no public URL is configured
 */
export function describe(call: ForwardableCall, { resource }: Hall): Reply | undefined {
  if (call.route?.answer !== 'metadata') return undefined;
  if (resource === undefined) throw new Refusal('NOT_READY', "'inbound.publicUrl' is not set");
  const { path, meaning } = call.request;
  const asked = {
    path: path.slice(METADATA_PATH.length),
    meaning: meaning.slice(METADATA_PATH.length),
  };
  const metadata = metadataOf(asked, call.policy, resource);
  if (metadata === undefined) throw new Refusal('NO_ROUTE', 'no token is taken at that path');
  // The answer is ours, so this is where the call leaves our hands.
  forwarded(call, performance.now());
  const bytes = Buffer.from(JSON.stringify(metadata));
  return {
    status: 200,
    headers: [
      ['content-type', 'application/json'],
      ['content-length', String(bytes.length)],
      ['cache-control', 'no-store'],
      ['x-request-id', call.id],
    ],
    body: { kind: 'bytes', bytes },
  };
}
