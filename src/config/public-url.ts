import { z } from 'zod';

const FORM = 'must be https://host or https://host:port, without a path';

/** Where callers reach the sidecar, as it stands in a file; its value ends with the host or the port. */
export const publicUrlShape = z.string({ error: FORM }).transform((text, context): string => {
  const url = readPublicUrl(text);
  if (url !== undefined) return url;
  context.issues.push({ code: 'custom', message: FORM, input: text });
  return z.NEVER;
});

function readPublicUrl(text: string): string | undefined {
  // A URL drops blanks and line breaks without a word.
  if (!/^https:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { username, password, pathname, origin } = new URL(text);
  const plain = username === '' && password === '' && pathname === '/' && !/[?#]/.test(text);
  return plain ? origin : undefined;
}
