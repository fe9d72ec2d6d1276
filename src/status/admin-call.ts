import { request, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { OperatorFault } from '../lib/index.ts';

export interface AdminCallOptions {
  /** Milliseconds without a sign of life; 30 s unless told. */
  readonly timeout?: number;
}

const MAX_BYTES = 16 * 1024 * 1024;
const TIMEOUT = 30_000;
const problemShape = z.object({ detail: z.string(), remedy: z.string().optional() });

/**
 * Asks a running Sidegate over its admin socket, e.g. `adminCall(path, 'GET', '/why?id=k3f9')`.
 *
 * @throws OperatorFault if nobody listens there, this user may not ask, or the answer is a refusal
 */
export async function adminCall(
  socketPath: string,
  method: string,
  path: string,
  options: AdminCallOptions = {},
): Promise<unknown> {
  const { status, text } = await exchange(socketPath, method, path, options).catch(
    (error: unknown) => {
      throw callFault(error, socketPath);
    },
  );
  const value = parseAnswer(text, socketPath);
  if (status === 200) return value;
  const told = problemShape.safeParse(value);
  const detail = told.data?.detail ?? `the running sidegate answered ${status}`;
  const remedy = told.data?.remedy ?? 'Compare the versions of this command and of the process.';
  throw new OperatorFault(detail, remedy, { exitCode: 1 });
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  { timeout = TIMEOUT }: AdminCallOptions,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, timeout, agent: false });
    asking.once('error', reject);
    asking.once('timeout', () => asking.destroy(new Silence()));
    asking.once('response', (response) => {
      collect(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        (error: unknown) => reject(error instanceof Error ? error : new Silence()),
      );
    });
    asking.end();
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Silence();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Somebody is there, but is no use. */
class Silence extends Error {
  readonly code = 'SILENCE';
}

function parseAnswer(text: string, socketPath: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new OperatorFault(
      `what listens on ${socketPath} does not answer like a sidegate`,
      "Compare the path with 'admin.listen' in sidegate.yaml.",
      { cause, exitCode: 1 },
    );
  }
}

const NOBODY = { reason: 'nobody listens there', remedy: 'Start it with: sidegate run' };
const REASONS: Readonly<Record<string, { reason: string; remedy: string }>> = {
  ENOENT: NOBODY,
  ECONNREFUSED: NOBODY,
  ENOTDIR: NOBODY,
  EACCES: {
    reason: 'this user may not open the socket',
    remedy: 'Run the command as the user that runs sidegate.',
  },
  SILENCE: {
    reason: 'it does not answer',
    remedy: "Look at the process' log; if it hangs, restart it.",
  },
};

function callFault(error: unknown, socketPath: string): OperatorFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const known = REASONS[code];
  return new OperatorFault(
    `cannot ask the running sidegate at ${socketPath}: ${known?.reason ?? `the system said ${code}`}`,
    known?.remedy ?? "Compare the path with 'admin.listen' in sidegate.yaml.",
    { cause: error, exitCode: 1 },
  );
}
