import { z } from 'zod';
import { listenShape, type Listen } from '../lib/index.ts';
import { bind } from './bind.ts';
import { closeServer, jsonAnswer, smallServer, type Answer } from './server.ts';

/** Where health and metrics are served. */
export const statusShape = z.strictObject({ listen: listenShape });

export interface StatusOptions {
  readonly listen: Listen;
  /** The codes of what keeps the process from taking calls; empty if nothing does. */
  readonly readiness: () => readonly string[];
  /** Names of dependencies that are not as they must be, though calls are taken; none if left out. */
  readonly degraded?: () => readonly string[];
  readonly metrics: () => Promise<string>;
  readonly metricsContentType: string;
}

export interface RunningServer {
  /** Where it listens; with the port that the system chose. */
  readonly address: Listen;
  close(): Promise<void>;
}

/**
 * Serves GET and HEAD of /livez, /readyz and /metrics over plain HTTP, and nothing else: whoever can reach it learns
 * codes and numbers, and no names of agents but those in the metrics' labels.
 *
 * @throws OperatorFault if it cannot listen
 */
export async function startStatus(options: StatusOptions): Promise<RunningServer> {
  const pages = new Map<string, () => Answer | Promise<Answer>>([
    ['/livez', () => jsonAnswer(200, { live: true })],
    ['/readyz', () => readyAnswer(options)],
    ['/metrics', () => metricsAnswer(options)],
  ]);
  const server = smallServer(({ method, path }) => {
    const page = pages.get(path);
    if (page === undefined) return jsonAnswer(404, { status: 404, title: 'Not found' });
    if (method === 'GET' || method === 'HEAD') return page();
    return { ...jsonAnswer(405, { status: 405, title: 'Method not allowed' }), allow: 'GET, HEAD' };
  });
  const use = { what: 'the status server', setting: 'status.listen' };
  const address = await bind(server, options.listen, use);
  return { address, close: () => closeServer(server) };
}

/** Not ready if the question itself fails: a probe must never be told more than is known. */
function readyAnswer({ readiness, degraded }: StatusOptions): Answer {
  let reasons: readonly string[];
  let behind: readonly string[] = [];
  try {
    reasons = readiness();
    behind = degraded?.() ?? [];
  } catch {
    reasons = ['INTERNAL'];
  }
  const ready = reasons.length === 0;
  const found = { ready, reasons, ...(behind.length === 0 ? {} : { degraded: behind }) };
  return jsonAnswer(ready ? 200 : 503, found);
}

async function metricsAnswer(options: StatusOptions): Promise<Answer> {
  const body = await options.metrics();
  return { status: 200, contentType: options.metricsContentType, body };
}
