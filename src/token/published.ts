import type { IssuerKeys as Place } from '../call/index.ts';
import { readFile } from '../files/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import { KeysFault } from './key-set.ts';

/** What is asked of whoever fetches a key set. */
export interface KeysRequest {
  /** https. A redirect is an answer like any other, and not followed. */
  readonly url: string;
  /** What the server must show; undefined: a certificate for the host of the URL. */
  readonly spiffeId: SpiffeId | undefined;
  /** Of the body, at the most; a longer one is broken off, not read to its end. */
  readonly maxBytes: number;
  /** Aborted when the time is up, or nobody waits any more. */
  readonly signal: AbortSignal;
}

export interface KeysAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

/** Fetches a key set; rejects when it cannot. */
export type FetchKeys = (request: KeysRequest) => Promise<KeysAnswer>;

const MAX_BYTES = 256 * 1024;
const JSON_TYPE = /^application\/(?:jwk-set\+)?json[\t ]*(?:;|$)/i;

/**
 * What an issuer published as its keys, as it is there now.
 *
 * @param within milliseconds; after that it is given up, also if `fetchKeys` does not
 * @throws KeysFault, OperatorFault, or what `fetchKeys` rejected with
 */
export async function readPublished(
  place: Place,
  fetchKeys: FetchKeys,
  { within, closed }: { readonly within: number; readonly closed: AbortSignal },
): Promise<Uint8Array> {
  if (place.kind === 'file') return capped(readFile(place.path, FILE_USE));
  if (!place.url.startsWith('https://')) throw new KeysFault('keys are fetched over https only');
  const answer = await inTime(within, closed, (signal) =>
    fetchKeys({ url: place.url, spiffeId: place.spiffeId, maxBytes: MAX_BYTES, signal }),
  );
  if (answer.status !== 200)
    throw new KeysFault(`the server answered with status ${answer.status}`);
  if (!JSON_TYPE.test(answer.contentType ?? ''))
    throw new KeysFault('the server answered with something else than JSON');
  return capped(answer.bytes);
}

const FILE_USE = { what: 'the keys of an issuer', ifMissing: "Correct 'keys' of the issuer." };

function capped(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_BYTES) throw new KeysFault(`the key set has more than ${MAX_BYTES} bytes`);
  return bytes;
}

async function inTime<T>(
  within: number,
  closed: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const late = new KeysFault(`the server did not answer within ${within / 1000} s`);
  const timer = setTimeout(() => stop.abort(late), within).unref();
  const end = () => stop.abort(new KeysFault('this process is ending'));
  if (closed.aborted) end();
  closed.addEventListener('abort', end);
  try {
    stop.signal.throwIfAborted();
    const stopped = new Promise<never>((_, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason as KeysFault));
    });
    return await Promise.race([work(stop.signal), stopped]);
  } finally {
    clearTimeout(timer);
    closed.removeEventListener('abort', end);
  }
}
