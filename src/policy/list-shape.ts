import { z } from 'zod';

/** A list in which nothing stands twice. */
export function listShape<T extends z.ZodType<string>>(item: T) {
  return z.array(item).superRefine((texts, context) => {
    for (const [index, text] of texts.entries()) {
      if (texts.indexOf(text) === index) continue;
      const params = { remedy: 'Remove one of the two.' };
      context.addIssue({ code: 'custom', path: [index], message: 'is there twice', params });
    }
  });
}
