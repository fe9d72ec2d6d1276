import { z } from 'zod';
import { bytesShape, durationShape, listenShape } from '../lib/index.ts';
import { outboundShape } from '../proxy/index.ts';
import { adminShape, statusShape } from '../status/index.ts';
import { auditShape, tracingShape } from '../telemetry/index.ts';
import { identityShape, trustShape } from '../tls/index.ts';
import { tokenServiceShape } from '../token/index.ts';
import { upstreamShape } from '../upstream/index.ts';
import { publicUrlShape } from './public-url.ts';

const count = z.int({ error: 'must be a whole number' }).min(1, { error: 'must be at least 1' });

const limitsShape = z
  .strictObject({
    headers: bytesShape.prefault('16KiB').describe('header fields of a call'),
    connections: count.default(10_000).describe('open connections in all'),
    connectionsPerAgent: count.default(1000).describe('open connections of one identity'),
    calls: count.default(10_000).describe('calls under way in all'),
    callsPerAgent: count.default(1000).describe('calls under way of one agent'),
    handshakes: count.default(256).describe('handshakes under way at a time'),
    handshakesPerAddress: count
      .default(64)
      .describe('handshakes under way at a time of one IP address'),
    handshakeRate: count
      .default(50)
      .describe('handshakes a second of one IP address; more wait for their turn'),
    refusalRate: count
      .default(200)
      .describe('refusals a second that one caller is answered at once; more wait for up to 0.8 s'),
    headTimeout: durationShape.prefault('10s').describe('for a request head to arrive'),
    bodyTimeout: durationShape.prefault('30s').describe('to wait for bytes of a body'),
    sendTimeout: durationShape.prefault('2m').describe('for a caller to take bytes of its answer'),
    minRate: bytesShape
      .refine((bytes) => bytes > 0, { error: 'must be at least 1B' })
      .prefault('100B')
      .describe('a second, sent or taken by a caller that is waited for longer'),
    buffered: bytesShape.prefault('128MiB').describe('kept between callers and the agent, in all'),
    idleTimeout: durationShape.prefault('75s').describe('for an idle connection to be kept'),
    drain: durationShape.prefault('30s').describe('for open calls to end after SIGTERM'),
    startWait: durationShape
      .prefault('10s')
      .describe('for certificate, key and roots to appear at start'),
  })
  .prefault({});

/** sidegate.yaml, whole: the rooms' own sections, and what belongs to none of them. */
export const configShape = z.strictObject({
  inbound: z.strictObject({
    listen: listenShape
      .refine((listen) => listen.kind === 'tcp', { error: 'must be host:port' })
      .describe('where callers connect'),
    upstream: upstreamShape.describe('the agent behind this sidecar'),
    allowPlaintextUpstream: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .describe('allow an agent on another machine over plain HTTP'),
    minTls: z.enum(['1.3', '1.2']).default('1.3').describe('oldest TLS version taken'),
    answerTimeout: durationShape
      .prefault('5m')
      .describe('how long the agent may think before it begins to answer'),
    publicUrl: publicUrlShape
      .optional()
      .describe('how callers reach this sidecar, told to those who need a token'),
  }),
  outbound: outboundShape.optional(),
  tokenService: tokenServiceShape.optional(),
  identity: identityShape,
  trust: trustShape,
  policy: z.string({ error: 'must be the name of a file' }).min(1).describe('the policy'),
  mode: z.enum(['enforce', 'shadow']).optional().describe("overrides the policy's mode"),
  development: z
    .boolean({ error: 'must be true or false' })
    .default(false)
    .describe("believe the policy's issuers that are for development"),
  status: statusShape.optional(),
  admin: adminShape.optional(),
  audit: auditShape.optional(),
  tracing: tracingShape.optional(),
  limits: limitsShape,
});

/** Checked and complete; files are absolute, times are milliseconds, sizes are bytes. */
export type Config = Readonly<z.output<typeof configShape>>;
