import { z } from 'zod';

/** What the admin socket answers to `POST /kill` and `POST /lift`; `sidegate kill` holds the answer against it. */
export const killShape = z.object({
  agent: z.string(),
  killed: z.boolean(),
  /** False if it was so before. */
  changed: z.boolean(),
  /** Whether the policy in force has an agent of that name, and the nearest one that it has if not. */
  inPolicy: z.boolean(),
  nearest: z.string().optional(),
  /** Open calls that were cut. */
  cut: z.number(),
});

/** What it answers to `GET /killed`. */
export const killedShape = z.object({
  killed: z.array(
    z.object({
      agent: z.string(),
      /** ISO 8601. */
      since: z.string(),
      /** Who the command said was asking. */
      by: z.string(),
      inPolicy: z.boolean(),
    }),
  ),
});

export type KillReport = z.infer<typeof killShape>;
export type KilledReport = z.infer<typeof killedShape>;
