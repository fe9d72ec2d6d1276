import { z } from 'zod';
import { durationShape, listenShape, type Listen } from '../../lib/index.ts';

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;

/** Where our agent makes its calls. Whoever may open it may use our identity, so TCP wants a secret, and only loopback. */
export const outboundShape = z
  .strictObject({
    listen: listenShape
      .refine(isNear, { error: 'must be a Unix socket, or TCP on loopback (127.0.0.1:port)' })
      .describe('where the agent makes its calls: unix:run/outbound.sock'),
    secret: z
      .string({ error: 'must be the name of a file' })
      .min(1, { error: 'must be the name of a file' })
      .optional()
      .describe('a file whose text every call over TCP must send'),
    tasks: z
      .string({ error: 'must be the name of a file' })
      .min(1, { error: 'must be the name of a file' })
      .optional()
      .describe('where work is remembered that outlives its call; left out, a restart ends it'),
    grace: durationShape
      .prefault('30s')
      .describe('how long x-sidegate-context goes on to work after its call'),
    calls: z
      .int({ error: 'must be a whole number' })
      .min(1, { error: 'must be at least 1' })
      .default(1000)
      .describe('calls under way at a time'),
  })
  .superRefine(({ listen, secret }, context) => {
    if (listen.kind === 'tcp' && secret === undefined)
      context.addIssue({
        code: 'custom',
        path: ['listen'],
        message: "must be a Unix socket where there is no 'outbound.secret'",
      });
    if (listen.kind === 'unix' && secret !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['secret'],
        message: 'has no effect on a Unix socket, which belongs to its owner alone',
      });
  });

function isNear(listen: Listen): boolean {
  return listen.kind === 'unix' || LOOPBACK.test(listen.host);
}
