import { z } from 'zod';
import type { Witness } from './world.ts';

const principal = z.object({ issuer: z.string(), sub: z.string() });

/** What the demo reads of an audit line, of a sidecar or of the token service. */
const lineShape = z.object({
  event: z.string(),
  id: z.string(),
  direction: z.enum(['inbound', 'outbound']).optional(),
  decision: z.string(),
  code: z.string(),
  status: z.number().optional(),
  agent: z.string().optional(),
  certSerial: z.string().optional(),
  method: z.string().optional(),
  path: z.string().optional(),
  peer: z.string().optional(),
  missing: z.string().optional(),
  subject: z.union([principal, z.string()]).optional(),
  chain: z.array(z.union([principal, z.string()])).optional(),
  tokenScopes: z.array(z.string()).optional(),
  audience: z.string().optional(),
  asked: z.string().optional(),
  given: z.string().optional(),
  grant: z.string().optional(),
  tokenId: z.string().optional(),
  task: z.string().optional(),
});

export type Line = Readonly<z.infer<typeof lineShape>> & { readonly by: Witness };

/** The lines of calls and tokens in an audit. */
export function readLines(by: Witness, audit: string): readonly Line[] {
  return audit
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => z.looseObject({ event: z.string() }).parse(JSON.parse(text)))
    .filter(({ event }) => event === 'call' || event === 'token')
    .map((line) => ({ ...lineShape.parse(line), by }));
}

/** Of a subject or actor, in one word: an agent's name, or what its issuer calls it. */
export function nameIn(found: NonNullable<Line['subject']>): string {
  const text = typeof found === 'string' ? found : found.sub;
  return text.slice(text.lastIndexOf('/') + 1);
}
