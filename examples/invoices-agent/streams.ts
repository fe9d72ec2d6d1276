import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { check, sendJson } from './json.ts';
import type { Exchange, Routes } from './router.ts';

// Byte n of a download is n % 251: 251 is prime, so a block lost or sent twice changes the hash.
const BLOCK = Buffer.from(Array.from({ length: 251 * 256 }, (_, n) => n % 251));

const size = z.object({ bytes: z.string().regex(/^\d{1,15}$/, 'It must be a number of bytes.') });

/** Bodies of any size, in both directions, none of which is ever held in memory. */
export const streamRoutes: Routes = {
  '/upload': { POST: upload },
  '/download': { GET: download },
};

async function upload({ request, response }: Exchange): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    bytes += part.length;
    hash.update(part);
  }
  sendJson(response, 200, { bytes, sha256: hash.digest('hex') });
}

async function download({ request, response, query }: Exchange): Promise<void> {
  const bytes = Number(check(size, Object.fromEntries(query)).bytes);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(Readable.from(blocks(bytes)), response);
}

function* blocks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= BLOCK.length)
    yield left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
}
