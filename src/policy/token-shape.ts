import { z } from 'zod';
import { durationShape } from '../lib/index.ts';
import { listShape } from './list-shape.ts';
import { SCOPE, requiredScopeFault } from './scope.ts';
import { scopesShape } from './scopes-shape.ts';

const subject = z
  .string()
  .min(1, { error: 'must not be empty' })
  .superRefine((text, context) => {
    if (!text.slice(0, -1).includes('*')) return;
    const params = { remedy: `Write e.g. 'team-*' for every subject that begins so.` };
    const message = `must have '*' only at its end`;
    context.addIssue({ code: 'custom', message, params });
  });

/** Milliseconds: for longer, nobody should go on without having been asked again. */
const LONGEST_TASK = 7 * 86_400_000;

/** What a route may ask of tokens and of whom a call is made for. */
export const tokenFields = {
  token: z.enum(['required', 'optional', 'forbidden']).optional().meta({
    description:
      "Whether the call takes an access token. Default: forbidden, and 'onBehalfOf: required' implies required.",
  }),
  onBehalfOf: z.enum(['required', 'allowed', 'forbidden']).optional().meta({
    description:
      'Whether the call may be, or must be, on behalf of somebody else than the caller. Default: forbidden.',
  }),
  withoutToken: scopesShape(requiredScopeFault, SCOPE)
    .optional()
    .meta({
      description:
        "Beside 'token: optional': the scopes that need no token. Beside 'onBehalfOf: allowed': those that can be used on nobody's behalf. [] is none.",
      examples: [['invoices:read']],
    }),
  subjects: z
    .record(z.string(), listShape(subject).min(1, { error: 'must have at least one subject' }))
    .refine((issuers) => Object.keys(issuers).length > 0, {
      error: 'must have at least one issuer',
    })
    .optional()
    .meta({
      description:
        "By the issuer's name: on whose behalf; a '*' at the end stands for any end. Default: anybody.",
      examples: [{ sts: ['alice', 'team-*'] }],
    }),
  maxDepth: z
    .int()
    .min(0, { error: 'must be at least 0' })
    .max(32, { error: 'must be at most 32' })
    .optional()
    .meta({ description: 'How many actors the chain of a token may have. Default: 4.' }),
  via: listShape(z.string())
    .optional()
    .meta({
      description:
        'The agents that may stand in the chain behind the caller; [] is nobody. Default: any agent.',
      examples: [['planner']],
    }),
  loops: z.enum(['refuse', 'allow']).optional().meta({
    description: 'What is done with a chain in which somebody stands twice. Default: refuse.',
  }),
  tasks: durationShape
    .refine((life) => life >= 1000 && life <= LONGEST_TASK, { error: 'must be 1s to 7d' })
    .optional()
    .meta({
      description:
        'For how long work may go on that a call of this route starts, after it was answered, e.g. 8h. Default: none may.',
    }),
} as const;
