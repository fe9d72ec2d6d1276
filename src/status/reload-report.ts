import { z } from 'zod';

/** What the admin socket answers to `POST /reload`; `sidegate reload` holds the answer against it. */
export const reloadShape = z.object({
  reloaded: z.array(
    z.object({
      what: z.enum(['identity', 'trust', 'policy', 'keys', 'audit']),
      ok: z.boolean(),
      /** Why the old one stays in force. */
      why: z.string().optional(),
    }),
  ),
  /** Of the policy in force now: SHA-256 of the file, lower-case hex. */
  digest: z.string(),
});

export type ReloadReport = z.infer<typeof reloadShape>;
