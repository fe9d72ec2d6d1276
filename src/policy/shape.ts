import { z } from 'zod';
import { bytesShape } from '../lib/index.ts';
import { TrustDomain } from '../spiffe/index.ts';
import { AGENT_NAME } from './agent-name.ts';
import { agentShape } from './agent-shape.ts';
import { issuerShape } from './issuer-shape.ts';
import { peerShape } from './peer-shape.ts';
import { parseRate } from './rate.ts';
import { METHODS } from './route-key.ts';
import { SCOPE, requiredScopeFault } from './scope.ts';
import { scopesShape } from './scopes-shape.ts';
import { spiffeShape, textShape } from './text-shape.ts';
import { tokenFields } from './token-shape.ts';
import { parseUntil } from './until.ts';

const required = scopesShape(requiredScopeFault, SCOPE).meta({
  description: 'All of these the agent must hold. [] is any known agent.',
  examples: [['invoices:read']],
});

const count = z.int().min(1, { error: 'must be at least 1' }).max(1_000_000_000);

const modeShape = z.enum(['enforce', 'shadow']);

const routeMap = z
  .strictObject({
    scopes: required,
    rate: textShape(parseRate, "a rate such as '20/s' (s, m, h)", {
      description: 'How often each agent may call it: calls a second, minute or hour.',
      examples: ['20/s', '600/m'],
    }).optional(),
    burst: count.optional().meta({
      description: 'How many calls may come at once. Default: what the rate gives in one second.',
    }),
    concurrency: count
      .optional()
      .meta({ description: 'How many of its calls each agent may have open at the same time.' }),
    body: bytesShape
      .optional()
      .meta({ description: 'The largest body that is let through, e.g. 1MiB (B, KiB, MiB, GiB).' }),
    upgrade: z
      .literal('websocket')
      .optional()
      .meta({ description: 'Lets a WebSocket through; every other upgrade is refused.' }),
    authorization: z.enum(['strip', 'pass']).optional().meta({
      description:
        "Whether the agent behind sees the caller's Authorization header. Default: strip.",
    }),
    ...tokenFields,
    answer: z.literal('metadata').optional().meta({
      description:
        'Sidegate itself answers, with what a client must know to get a token (RFC 9728). The agent is not asked.',
    }),
    mode: modeShape.optional().meta({
      description:
        "Stricter than the file: 'enforce'. Looser: 'shadow', and then 'until' says when it ends.",
    }),
    until: textShape(parseUntil, "a date such as '2026-09-30'", {
      description: 'The last day (UTC) of shadow mode; afterwards the route is enforced.',
      examples: ['2026-09-30'],
    }).optional(),
  })
  .superRefine((route, context) => {
    const refuse = (key: string, message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { remedy } });
    if (route.burst !== undefined && route.rate === undefined)
      refuse('burst', 'has no effect without a rate', `Add 'rate', or remove 'burst'.`);
    if (route.until !== undefined && route.mode !== 'shadow')
      refuse('until', `has no effect without 'mode: shadow'`, `Add it, or remove 'until'.`);
  });

const routeShape = z
  .union([required.transform((scopes) => ({ scopes })), routeMap], {
    error: 'must be a list of scopes ([] for any known agent), or a map such as { scopes: [] }',
  })
  .meta({ description: 'What a call takes: a list of scopes, or a map that says more.' });

// Patterns for editors only; the loader reads these keys itself and says more than that they do not match.
const name = z.string().meta({ pattern: AGENT_NAME.source });
const routeKey = z.string().meta({
  pattern: `^(?:${METHODS.join('|')})(?:,(?:${METHODS.join('|')}))* /\\S*$`,
});

/** The shape of policy.yaml. */
export const policyShape = z
  .strictObject({
    version: z.literal(1).meta({ description: 'The version of this language.' }),
    trustDomain: spiffeShape((text) => TrustDomain.parse(text), {
      description: "The trust domain of every agent that has no 'id' of its own.",
      examples: ['acme.test'],
    }),
    mode: modeShape.optional().meta({
      description: 'enforce (the default), or shadow: denials are recorded and let through.',
    }),
    issuers: z
      .record(name, issuerShape)
      .refine((issuers) => Object.keys(issuers).length > 0, { error: 'must have at least one' })
      .optional()
      .meta({
        description: 'Whose access tokens are believed. Without it, no token is looked at.',
      }),
    agents: z.record(name, agentShape).meta({
      description: 'Who exists, and the most each may ever do. Anybody else is refused.',
    }),
    routes: z.record(routeKey, routeShape).meta({
      description: 'What may be asked, and what it takes. Anything else is denied.',
    }),
    peers: z.record(name, peerShape).optional().meta({
      description: 'Whom the agent behind this sidecar may call through the outbound door.',
    }),
  })
  .meta({
    title: 'Sidegate policy',
    description: 'Which agent may call what. See docs/policy.md.',
  });

export type PolicyFile = z.output<typeof policyShape>;
export type AgentValue = PolicyFile['agents'][string];
export type RouteValue = PolicyFile['routes'][string];
