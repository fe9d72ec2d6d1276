import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { initCa, mint } from '../../ca/index.ts';
import { writeFileAtomic } from '../../files/index.ts';
import { OperatorFault, type Clock } from '../../lib/index.ts';
import type { TrustDomain } from '../../spiffe/index.ts';
import { configText, IGNORE_ALL, policyText, type Starter } from './starter.ts';

export interface Plan {
  readonly folder: string;
  readonly starter: Starter;
  readonly trustDomain: TrustDomain;
  readonly now: Clock;
}

/** Everything that would be written, relative to the folder. */
export function filesOf({ name, caller }: Starter): readonly string[] {
  const pairs = ['ca', name, caller].flatMap((one) => [`certs/${one}.crt`, `certs/${one}.key`]);
  const others = ['certs/ca.crl', 'certs/issued', 'certs/.gitignore', 'run/.gitignore'];
  return ['sidegate.yaml', 'policy.yaml', ...pairs, ...others];
}

/**
 * Writes nothing unless everything can be written: half a folder would be neither yours nor ours.
 *
 * @throws OperatorFault
 */
export function carryOut(plan: Plan): void {
  const { folder, starter, trustDomain, now } = plan;
  checkFree(folder, filesOf(starter));
  const write = (name: string, text: string) =>
    writeFileAtomic(join(folder, name), text, { mode: 0o644, existing: 'refuse' });
  write('certs/.gitignore', IGNORE_ALL);
  write('run/.gitignore', IGNORE_ALL);
  const ca = initCa({ folder: join(folder, 'certs'), trustDomain, now });
  mint(ca, { name: starter.name, dns: ['localhost'], ip: ['127.0.0.1', '::1'] });
  mint(ca, { name: starter.caller });
  write('policy.yaml', policyText(starter, folder));
  write('sidegate.yaml', configText(starter));
}

function checkFree(folder: string, files: readonly string[]): void {
  const there = files.filter((file) => existsSync(join(folder, file)));
  if (there.length === 0) return;
  throw new OperatorFault(
    `in the way, and not overwritten: ${there.join(', ')}`,
    'Nothing was written. Move them away first, or choose another folder with --dir.',
  );
}
