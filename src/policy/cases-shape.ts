import { z } from 'zod';
import type { FailureCode } from '../call/index.ts';
import { agentNameFault } from './agent-name.ts';

/** What a case can expect: what the policy alone can answer. */
export const EXPECTATIONS = [
  'allow',
  'UNKNOWN_AGENT',
  'AGENT_DISABLED',
  'NO_ROUTE',
  'METHOD_NOT_ALLOWED',
  'SCOPE_MISSING',
  'TOKEN_MISSING',
  'TOKEN_NOT_TAKEN',
  'TOKEN_UNTRUSTED',
  'DELEGATION_REQUIRED',
  'DELEGATION_FORBIDDEN',
  'DELEGATION_SUBJECT_REFUSED',
  'DELEGATION_TOO_DEEP',
  'DELEGATION_LOOP',
  'DELEGATION_ACTOR_REFUSED',
  'AMBIGUOUS_PATH',
  'MALFORMED_REQUEST',
] as const satisfies readonly (FailureCode | 'allow')[];

export type Expectation = (typeof EXPECTATIONS)[number];

const as = z
  .string()
  .superRefine((text, context) => {
    const fault = text.startsWith('spiffe://') ? undefined : agentNameFault(text);
    if (fault !== undefined)
      context.addIssue({
        code: 'custom',
        message: fault.message,
        params: { remedy: fault.remedy },
      });
  })
  .meta({ description: "An agent's name, or a SPIFFE ID.", examples: ['planner'] });

const token = z.strictObject({
  scopes: z.array(z.string()).meta({ description: 'What the token has; [] is nothing.' }),
  for: z
    .string()
    .regex(/^[^/]+\/./, { error: 'must be an issuer and its subject, e.g. sts/alice' })
    .optional()
    .meta({
      description:
        "On whose behalf: the issuer's name, a slash, the subject. Without it, the token is the agent's own.",
      examples: ['sts/alice'],
    }),
  via: z
    .array(z.string())
    .optional()
    .meta({
      description: 'Who stands between the subject and the agent, in the order of the calls.',
      examples: [['planner']],
    }),
});

/** The shape of policy.test.yaml. */
export const casesShape = z
  .strictObject({
    cases: z
      .array(
        z.strictObject({
          as,
          call: z
            .string()
            .regex(/^[A-Z]+ \/\S*$/, {
              error: "must be a method, one blank and a path, e.g. 'GET /invoices'",
            })
            .meta({ description: 'Method and path, as the caller would send them.' }),
          token: token
            .optional()
            .meta({ description: 'The token that it sends. Without it, it sends none.' }),
          expect: z.enum(EXPECTATIONS).meta({ description: 'allow, or the code of the refusal.' }),
        }),
      )
      .min(1, { error: 'must have at least one case' })
      .meta({ description: 'Calls, and what the policy must say of each.' }),
  })
  .meta({
    title: 'Sidegate policy test',
    description: 'What a policy must answer. See docs/policy.md.',
  });
