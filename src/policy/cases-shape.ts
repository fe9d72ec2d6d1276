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
