import { z } from 'zod';
import { SpiffeIdError } from '../spiffe/index.ts';

/** What an editor shows; on the text, because a schema for editors knows nothing of what the text is read into. */
interface Shown {
  readonly description: string;
  readonly examples: string[];
}

/** A text that a function reads; what the function throws as `SpiffeIdError` is the fault. */
export function spiffeShape<T>(parse: (text: string) => T, shown: Shown) {
  return z
    .string()
    .meta({ ...shown })
    .transform((text, context) => {
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof SpiffeIdError)) throw error;
        const message = `is not right: ${error.message}`;
        context.issues.push({ code: 'custom', message, input: text });
        return z.NEVER;
      }
    });
}

/** A text that a function reads; `undefined` is the fault. */
export function textShape<T>(parse: (text: string) => T | undefined, what: string, shown: Shown) {
  const error = `must be ${what}`;
  return z
    .string({ error })
    .meta({ ...shown })
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: error, input: text });
      return z.NEVER;
    });
}
