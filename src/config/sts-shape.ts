import { z } from 'zod';
import { readText } from '../files/index.ts';
import { durationShape, listenShape, readShape, readYaml } from '../lib/index.ts';
import { adminShape, statusShape } from '../status/index.ts';
import { auditShape } from '../telemetry/index.ts';
import { identityShape, trustShape } from '../tls/index.ts';
import { placedSource } from './source.ts';

const file = z.string({ error: 'must be the name of a file' }).min(1);

/** Clients build every address from it, and compare it byte for byte: one way to write it. */
const issuerShape = z.string().refine(isOrigin, {
  error: 'must be https:// and a host, with its port, and nothing behind',
});

/** sts.yaml, whole. */
export const stsShape = z.strictObject({
  sts: z.strictObject({
    listen: listenShape
      .refine((listen) => listen.kind === 'tcp', { error: 'must be host:port' })
      .describe('where agents connect'),
    issuer: issuerShape.describe('iss of the tokens, and where agents reach the service'),
    keys: file.describe('private keys that sign, the newest first'),
    tasks: z
      .strictObject({
        file: file.describe('where task grants are kept'),
        longest: durationShape.prefault('24h').describe('the longest life of a task grant'),
      })
      .optional(),
  }),
  identity: identityShape,
  trust: trustShape,
  policy: file.describe('the policy, whose agents are the clients'),
  development: z
    .boolean({ error: 'must be true or false' })
    .default(false)
    .describe("believe the policy's issuers that are for development"),
  status: statusShape.optional(),
  admin: adminShape.optional(),
  audit: auditShape.optional(),
});

/** Checked and complete; files are absolute, times are milliseconds. */
export type StsConfig = Readonly<z.output<typeof stsShape>>;

/**
 * Reads sts.yaml once. Neither flags nor variables are laid over it.
 *
 * @throws OperatorFault or SourceFaults with every fault at once
 */
export function loadStsConfig(name: string): StsConfig {
  const use = {
    what: 'the configuration of the token service',
    ifMissing: 'Name it with --config; see docs/token-service.md.',
  };
  const source = placedSource(readYaml(readText(name, use), name), [
    { path: ['sts', 'keys'], holds: 'file' },
    { path: ['sts', 'tasks', 'file'], holds: 'file' },
  ]);
  return readShape(source, stsShape);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && text.startsWith('https://') && new URL(text).origin === text;
}
