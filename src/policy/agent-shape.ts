import { z } from 'zod';
import { idShape } from './id-shape.ts';
import { wordShape } from './issuer-shape.ts';
import { listShape } from './list-shape.ts';
import { GRANT, grantFault } from './scope.ts';
import { scopesShape } from './scopes-shape.ts';

const grants = scopesShape(grantFault, GRANT).meta({
  description:
    "The most that this agent may ever do: scopes, or 'a:*' for every scope that begins 'a:'. [] is nothing.",
  examples: [['invoices:read', 'reports:*']],
});

const agentMap = z.strictObject({
  id: idShape(
    'The SPIFFE ID in its certificate. Default: spiffe://<trustDomain>/agent/<name>. May be of another trust domain.',
    'spiffe://partner.test/ns/prod/sa/agent',
  ).optional(),
  scopes: grants,
  disabled: z
    .boolean()
    .optional()
    .meta({ description: 'The kill switch: refused at once, open calls are cut.' }),
  clients: z
    .record(z.string(), listShape(wordShape('A client or subject.', 'portal-client')))
    .optional()
    .meta({
      description:
        "By the issuer's name: what that issuer calls this agent, as a client or as a subject. Its SPIFFE ID needs no mention.",
      examples: [{ keycloak: ['portal-client'] }],
    }),
  peers: listShape(z.string())
    .optional()
    .meta({
      description: 'The agents for whom the token service may give this agent tokens.',
      examples: [['billing']],
    }),
});

/** One entry of `agents`. */
export const agentShape = z
  .union([grants.transform((scopes) => ({ scopes })), agentMap], {
    error:
      'must be a list of scopes ([] for none), or a map such as { scopes: [], disabled: true }',
  })
  .meta({ description: 'What this agent holds: a list of scopes, or a map that says more.' });
