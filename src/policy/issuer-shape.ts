import { z } from 'zod';
import { idShape } from './id-shape.ts';
import { listShape } from './list-shape.ts';
import { textShape } from './text-shape.ts';

/** Of JWS (RFC 7518, RFC 8037, RFC 9864), those whose key for checking cannot sign. */
const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
] as const;

/** Text that a token can hold and a log can show: no blanks, no controls. */
const WORD = /^[\x21-\x7e]{1,512}$/;

export function wordShape(description: string, example: string) {
  return z
    .string()
    .regex(WORD, { error: 'must be a text without blanks' })
    .meta({ description, examples: [example] });
}

/** An https URL without user and fragment, as written; undefined if it is none. */
function parseKeyUrl(text: string): string | undefined {
  if (!/^https:\/\/[^\s@\\#/?]+(?:[/?][^\s\\#]*)?$/.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}

const keys = z
  .strictObject({
    url: textShape(parseKeyUrl, 'an https URL', {
      description: 'Where the issuer shows its public keys (JWK set); https only.',
      examples: ['https://sts.acme.test:8444/jwks'],
    }).optional(),
    id: idShape(
      'The SPIFFE ID that the server at the URL must show. Without it, a name that public roots vouch for.',
      'spiffe://acme.test/sts',
    ).optional(),
    file: z
      .string()
      .min(1, { error: 'must be a file' })
      .optional()
      .meta({ description: 'A file with the JWK set, from the place of the policy.' }),
  })
  .superRefine(({ url, id, file }, context) => {
    const refuse = (path: string[], message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path, message, params: { remedy } });
    if (url === undefined && file === undefined)
      refuse([], `must have 'url' or 'file'`, 'Say where the keys are.');
    if (url !== undefined && file !== undefined)
      refuse(['file'], `must not stand beside 'url'`, 'Keep one of the two.');
    if (id !== undefined && url === undefined && file !== undefined)
      refuse(['id'], `has no effect without 'url'`, 'Remove it.');
  });

const algorithm = z.string().superRefine((text, context) => {
  if ((ALGORITHMS as readonly string[]).includes(text)) return;
  const symmetric = /^(?:HS|none$)/i.test(text);
  const message = symmetric
    ? 'must be asymmetric: whoever can check such a token can make one'
    : 'must be an algorithm that is known here';
  const remedy = `Use one of: ${ALGORITHMS.join(', ')}.`;
  context.addIssue({ code: 'custom', message, params: { remedy } });
});

/** One entry of `issuers`. */
export const issuerShape = z.strictObject({
  issuer: wordShape("What 'iss' must be, byte for byte.", 'https://sts.acme.test'),
  keys: keys.meta({ description: "Where the issuer's public keys are: a URL or a file." }),
  audiences: listShape(wordShape('An audience.', 'https://invoices.acme.test'))
    .min(1, { error: 'must have at least one audience' })
    .optional()
    .meta({
      description: "One of these 'aud' must hold. Default: the SPIFFE ID of this sidecar.",
    }),
  algorithms: listShape(algorithm)
    .min(1, { error: 'must have at least one algorithm' })
    .optional()
    .meta({
      description: `Which signatures are taken: ${ALGORITHMS.join(', ')}. Default: [ES256].`,
      examples: [['ES256']],
    }),
  binding: z.enum(['required', 'whenPresent']).optional().meta({
    description:
      "Whether every token must be bound to a key (RFC 8705, RFC 9449), or only one that says that it is. Default: 'required'.",
  }),
  scopeClaim: wordShape('The claim that holds the scopes. Default: scope.', 'scp').optional(),
  clientClaim: wordShape(
    'The claim that names the client the token was issued to. Default: client_id.',
    'azp',
  ).optional(),
  acceptUntypedTokens: z.boolean().optional().meta({
    description: "Takes access tokens whose 'typ' is not at+jwt. Default: false.",
  }),
  narrows: z.boolean().optional().meta({
    description:
      'Whether the issuer narrows the scopes at each exchange. Default: false, and then every actor in the chain must hold the scope here.',
  }),
  development: z.boolean().optional().meta({
    description:
      "Only believed where sidegate.yaml says 'development: true'. For tokens of 'sidegate token mint'.",
  }),
});

export type IssuerValue = z.output<typeof issuerShape>;
