import type { IncomingMessage, ServerResponse } from 'node:http';

const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 1000;

/**
 * Sends a refusal whole and goes on reading for a moment before the connection is closed: bytes that lie unread at
 * that time would make the system reset the connection, and the caller would never see why it was refused.
 */
export function lingerThenEnd(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
): void {
  let left = LINGER_BYTES;
  const end = (): void => {
    clearTimeout(deadline);
    request.removeAllListeners('data');
    response.end();
  };
  const deadline = setTimeout(end, LINGER_MS);
  response.write(bytes);
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  request.once('end', end);
  response.once('close', () => clearTimeout(deadline));
}
