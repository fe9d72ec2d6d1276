import { Refusal, type Headers, type Reply, type Source } from '../call/index.ts';
import { CallPool } from './call-pool.ts';
import type { UpstreamRequest } from './exchange.ts';
import { peerLines, type Dial } from './peer-line.ts';
import { peerAuthority, type PeerPlace, type PeerPool } from './peer-pool.ts';

/** An answer that was small enough to be read whole. */
export interface Document {
  readonly status: number;
  /** As it came; undefined if there is none, or more than one. */
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
}

export interface DocumentBounds {
  readonly maxBytes: number;
  /** Milliseconds, from the first step to the last byte. */
  readonly timeout: number;
}

/** What is fetched: https only, no redirect is followed. */
export interface DocumentWish extends DocumentBounds {
  readonly url: string;
}

/** Gets a document over a connection that is for it alone. @throws Refusal PEER_*, UPSTREAM_*; TypeError for another scheme */
export async function fetchDocument(wish: DocumentWish, dial: Dial): Promise<Document> {
  const { place, path } = placeOf(wish.url);
  const pool = new CallPool({
    origin: `https://${peerAuthority(place)}`,
    shown: peerAuthority(place),
    openLine: peerLines(dial),
    maxConnections: 1,
    headersTimeout: wish.timeout,
    idleTimeout: 1000,
    maxHeaderSize: 16 * 1024,
  });
  try {
    const accept = ['accept', 'application/json'] as const;
    const headers: Headers = [['host', peerAuthority(place)], accept];
    return await read(pool, plain('GET', path, headers), wish);
  } finally {
    void pool.destroy(new Error('the document is there'));
  }
}

/** Sends a form, and reads the answer. @throws Refusal PEER_*, UPSTREAM_* */
export async function postForm(
  pool: PeerPool,
  url: string,
  form: string,
  bounds: DocumentBounds,
): Promise<Document> {
  const { place, path } = placeOf(url);
  const bytes = Buffer.from(form);
  const headers: Headers = [
    ['host', peerAuthority(place)],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['accept', 'application/json'],
  ];
  const request = plain('POST', path, headers);
  return read(pool, { ...request, body: wholeSource(bytes), bodyLength: bytes.length }, bounds);
}

/** Asks for something to be gone, and reads the answer. @throws Refusal PEER_*, UPSTREAM_* */
export async function deleteDocument(
  pool: PeerPool,
  url: string,
  bounds: DocumentBounds,
): Promise<Document> {
  const { place, path } = placeOf(url);
  return read(pool, plain('DELETE', path, [['host', peerAuthority(place)]]), bounds);
}

/** The server and the path of an https address. */
export function placeOf(url: string): { readonly place: PeerPlace; readonly path: string } {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  if (protocol !== 'https:') throw new TypeError('only https is fetched');
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { place: { host, port: port === '' ? 443 : Number(port) }, path: pathname + search };
}

function plain(method: string, path: string, headers: Headers): UpstreamRequest {
  return { method, path, headers, body: undefined, bodyLength: undefined, upgrade: undefined };
}

async function read(
  pool: Pick<CallPool, 'send'>,
  request: UpstreamRequest,
  { maxBytes, timeout }: DocumentBounds,
): Promise<Document> {
  const exchange = pool.send(request);
  let late: Refusal | undefined;
  const timer = setTimeout(() => {
    late = new Refusal('UPSTREAM_TIMEOUT', `the answer took longer than ${timeout} ms`);
    exchange.abort(new Error(late.detail));
  }, timeout);
  try {
    return await whole(await exchange.reply, maxBytes);
  } catch (error) {
    throw late ?? error;
  } finally {
    clearTimeout(timer);
  }
}

async function whole(reply: Reply, maxBytes: number): Promise<Document> {
  const { status, headers, body } = reply;
  // Nothing was asked for that could be packed; what is packed all the same could unpack to anything.
  const coded = headers.some(([name]) => name === 'content-encoding');
  const types = headers.filter(([name]) => name === 'content-type');
  const contentType = types.length === 1 ? types[0]?.[1] : undefined;
  const bytes =
    body.kind === 'source' ? await collected(body.source, coded ? 0 : maxBytes) : Buffer.alloc(0);
  return { status, contentType, bytes };
}

/** Rejects with a Refusal if there are more, or if they break off. */
function collected(source: Source, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  source.start({
    unsent: 0,
    write: (chunk) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) return chunks.push(chunk) > 0;
      const detail = `the answer is packed, or has more than ${maxBytes} bytes`;
      source.cancel(new Error(detail));
      reject(new Refusal('UPSTREAM_PROTOCOL', detail));
      return true;
    },
    end: () => resolve(Buffer.concat(chunks)),
    fail: ({ message }) => reject(new Refusal('UPSTREAM_PROTOCOL', message)),
    onDrained: () => undefined,
  });
  return promise;
}

/** Bytes that are at hand. */
function wholeSource(bytes: Uint8Array): Source {
  return {
    unread: 0,
    start: (sink) => {
      sink.write(bytes);
      sink.end();
    },
    pause: () => undefined,
    resume: () => undefined,
    cancel: () => undefined,
  };
}
