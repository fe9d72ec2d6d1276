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

/** What a refusal says; without a code if it broke off, or there is none but a reason. */
export async function refusalIn(response: IncomingMessage | string) {
  if (typeof response === 'string') return { id: undefined, code: undefined, detail: response };
  const id = idOf(response);
  try {
    let detail = '';
    for await (const chunk of response) detail += String(chunk);
    return { id, code: codeOf(response, detail), detail };
  } catch (error) {
    return { id, code: undefined, detail: String(error) };
  }
}

/** The code of the catalogue in an answer that is no success, or its status. */
export function codeOf({ statusCode = 0 }: IncomingMessage, text: string): string {
  return /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? `STATUS_${statusCode}`;
}
