import { z } from 'zod';

/** What the token service's admin socket answers to `GET /grants`. */
export const taskGrantsShape = z.object({
  grants: z.array(
    z.object({
      id: z.string(),
      task: z.string(),
      /** SPIFFE ID of the agent that may renew. */
      client: z.string(),
      subject: z.string(),
      /** Through whose hands it came, from the last one inwards. */
      through: z.array(z.string()),
      scopes: z.array(z.string()).readonly(),
      audiences: z.array(z.string()).readonly(),
      /** ISO 8601. */
      since: z.string(),
      expires: z.string(),
    }),
  ),
});

export type TaskGrantsReport = z.infer<typeof taskGrantsShape>;
