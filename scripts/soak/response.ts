import type { ClientRequest, IncomingMessage } from 'node:http';

/** The ID that the sidecar gave the call. */
export function idOf({ headers }: IncomingMessage): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? id : undefined;
}

/** Sends a call without a body. Rejects if there is no answer. */
export function headOf(asked: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.once('response', resolve).on('error', reject);
    asked.once('close', () => reject(new Error('closed without an answer')));
    asked.end();
  });
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}
