import { z } from 'zod';
import { SpiffeId, SpiffeIdError } from '../spiffe/index.ts';

const URL_FORM = 'must be an https URL without user, query and fragment';
const ID_FORM = 'must be a SPIFFE ID with a path, e.g. spiffe://acme.test/sts';

/** Where tokens for peers are had. */
export const tokenServiceShape = z.strictObject({
  url: z
    .string({ error: URL_FORM })
    .refine(isEndpoint, { error: URL_FORM })
    .describe('the token endpoint: https://sts.acme.test:8444/token'),
  id: z
    .string({ error: ID_FORM })
    .transform((text, context) => {
      const id = parseId(text);
      if (id !== undefined) return id;
      context.issues.push({ code: 'custom', message: ID_FORM, input: text });
      return z.NEVER;
    })
    .optional()
    .describe('the SPIFFE ID that it must show; left out, its host name by the CAs of the web'),
});

function isEndpoint(text: string): boolean {
  // A URL drops blanks and line breaks without a word.
  if (!/^https:\/\/[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '' && !/[?#]/.test(text);
}

function parseId(text: string): SpiffeId | undefined {
  try {
    const id = SpiffeId.parse(text);
    return id.path === '' ? undefined : id;
  } catch (error) {
    if (error instanceof SpiffeIdError) return undefined;
    throw error;
  }
}
