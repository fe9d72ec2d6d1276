import { z } from 'zod';

const gateShape = z.object({
  gate: z.enum(['identity', 'authentication', 'request', 'authorization', 'upstream']),
  result: z.enum(['passed', 'failed', 'not reached']),
  detail: z.string(),
});

const ruleShape = z.object({
  name: z.string(),
  file: z.string(),
  line: z.number(),
  column: z.number(),
  text: z.string(),
  /** True where it did not match, and nothing came nearer. */
  nearest: z.boolean(),
});

const changeShape = z.object({
  file: z.string(),
  steps: z.array(z.string()),
  /** A line to write anew, or, without `before`, one to put below that line. */
  edits: z.array(z.object({ line: z.number(), before: z.string().optional(), after: z.string() })),
});

const principalShape = z.object({ issuer: z.string(), sub: z.string() });

const tokenShape = z.object({
  /** The policy's name of it. */
  issuer: z.string(),
  subject: principalShape,
  /** Whether the subject is somebody else than the caller. */
  onBehalf: z.boolean(),
  chain: z.array(principalShape),
  scopes: z.array(z.string()),
});

/** What the admin socket answers to `GET /why`; `sidegate why` holds the answer against it. */
export const whyShape = z.object({
  id: z.string(),
  time: z.string(),
  verdict: z.enum(['allow', 'deny', 'shadow-deny']),
  /** `OK`, or a code of the catalogue. */
  code: z.string(),
  /** Of the answer to the caller; absent for a connection that never became a call. */
  status: z.number().optional(),
  /** Name in the policy. */
  agent: z.string().optional(),
  /** Verified. */
  spiffeId: z.string().optional(),
  /** What a refused connection said of itself; nobody has verified it. */
  claimedId: z.string().optional(),
  address: z.string(),
  /** Whom our agent called, by its name in the policy; what went along, and the inbound call because of which it was. */
  peer: z.string().optional(),
  authority: z.enum(['none', 'own', 'delegated']).optional(),
  inboundId: z.string().optional(),
  /** What a token proved: for whom the call was made, and who acts, from the caller inwards. */
  token: tokenShape.optional(),
  /** Of a call whose work goes on after it, what the agent calls that; and the grant, also of calls out because of it. */
  task: z.string().optional(),
  taskGrant: z.string().optional(),
  method: z.string().optional(),
  path: z.string().optional(),
  /** In the order in which the call came to them. */
  gates: z.array(gateShape),
  rule: ruleShape.optional(),
  missing: z.string().optional(),
  /** Who lacked it, where a token was used. */
  whose: z.string().optional(),
  detail: z.string().optional(),
  operator: z.string(),
  remedy: z.string().optional(),
  /** The smallest change of the policy in force now that would allow the call. */
  change: changeShape.optional(),
  callerTold: z.string().optional(),
  /** The policy that decided is no longer the one in force. */
  policyChanged: z.boolean(),
});

export type WhyReport = z.infer<typeof whyShape>;
export type Gate = WhyReport['gates'][number];
