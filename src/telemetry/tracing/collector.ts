import { OperatorFault } from '../../lib/index.ts';
import { readText } from '../../files/index.ts';

/** The collector's answer, as far as anybody reads it. */
export interface CollectorAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** Sends one batch; rejects if nothing was answered. */
export type Post = (body: Uint8Array, signal: AbortSignal) => Promise<CollectorAnswer>;

const MAX_ANSWER = 64 * 1024;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)$/;
/** Ours to say. */
const OURS = /^(host|connection|content-.*|transfer-encoding|expect|te|trailer|upgrade)$/i;

/** An OTLP collector over HTTP. It is never followed elsewhere: whom it names might not be meant to have the spans. */
export function collectorAt(
  endpoint: string,
  headers: readonly (readonly [string, string])[],
): Post {
  const sent = new Headers(headers.map(([name, value]) => [name, value]));
  sent.set('content-type', 'application/x-protobuf');
  return async (body, signal) => {
    const init = { method: 'POST', redirect: 'manual', headers: sent, signal } as const;
    const response = await fetch(endpoint, { ...init, body: Buffer.from(body) });
    return { status: response.status, bytes: await bytesOf(response) };
  };
}

/**
 * The lines `name: value` of a file; blank lines and lines that begin with `#` are skipped. No fault shows a value.
 *
 * @throws OperatorFault that names the file and the line
 */
export function readHeaders(file: string): [string, string][] {
  const text = readText(file, {
    what: "the collector's headers",
    ifMissing: "Correct 'tracing.headers' in sidegate.yaml.",
  });
  return text.split(/\r?\n/).flatMap((line, i): [string, string][] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const match = HEADER.exec(line.trim());
    if (match === null || OURS.test(match[1] ?? ''))
      throw new OperatorFault(
        `line ${i + 1} of ${file} is no header that can be sent to the collector`,
        'Write one header a line, e.g. authorization: Bearer KEY',
      );
    return [[match[1] ?? '', match[2] ?? '']];
  });
}

/** The status has said already whether the batch was taken: an answer that breaks off, or is too long, is empty. */
async function bytesOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      size += (chunk as Uint8Array).length;
      if (size > MAX_ANSWER) return new Uint8Array();
      chunks.push(chunk as Uint8Array);
    }
  } catch {
    return new Uint8Array();
  }
  return Buffer.concat(chunks);
}
