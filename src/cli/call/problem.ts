import { z } from 'zod';
import type { Answer } from './https.ts';

/** What Sidegate tells a refused caller (RFC 9457). */
const problemShape = z.object({
  type: z.string().startsWith('urn:sidegate:error:'),
  code: z.string(),
  stage: z.string(),
  status: z.number(),
  detail: z.string(),
  id: z.string(),
});

export type Problem = z.infer<typeof problemShape>;

/** Undefined if the answer is not a refusal by a sidecar: what the agent itself answers is its own business. */
export function readProblem({ headers, body }: Answer): Problem | undefined {
  if (headers['content-type'] !== 'application/problem+json') return undefined;
  try {
    return problemShape.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

export function renderProblem({ status }: Answer, problem: Problem): string {
  const { code, stage, detail, id } = problem;
  return `✗ ${status} ${code}  refused at ${stage}\n  ${detail}\n  → sidegate why ${id}\n`;
}
