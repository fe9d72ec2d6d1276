import { OperatorFault, type Clock } from '../lib/index.ts';
import type { TrustDomain } from '../spiffe/index.ts';
import { openCa } from './authority.ts';
import { CA_NAME, pairPaths, presence } from './folder.ts';
import { initCa } from './init.ts';
import { mint, type Minted, type MintOptions } from './mint.ts';
import { renew, type RenewalReport } from './renew.ts';

export interface EnsureOptions {
  readonly folder: string;
  readonly trustDomain: TrustDomain;
  readonly agents: readonly Pick<MintOptions, 'name' | 'dns' | 'ip'>[];
  readonly now: Clock;
}

export interface Ensured {
  readonly caCreated: boolean;
  readonly minted: readonly Minted[];
  readonly renewal: RenewalReport;
}

/**
 * Makes what is not there (the CA, agents without any file) and renews what is due; the rest is left as it is, so that
 * calling it again does nothing.
 *
 * @throws OperatorFault if the folder's CA is broken or belongs to another trust domain
 */
export function ensure(options: EnsureOptions): Ensured {
  const { folder, trustDomain, now } = options;
  const caCreated = presence(pairPaths(folder, CA_NAME)) === 'none';
  if (caCreated) initCa({ folder, trustDomain, now });
  checkTrustDomain(options);
  const renewal = renew({ folder, now });
  const ca = openCa({ folder, now });
  const missing = options.agents.filter(({ name }) => presence(pairPaths(folder, name)) === 'none');
  return { caCreated, minted: missing.map((agent) => mint(ca, agent)), renewal };
}

function checkTrustDomain({ folder, trustDomain, now }: EnsureOptions): void {
  const held = openCa({ folder, now }).trustDomain.name;
  if (held === trustDomain.name) return;
  throw new OperatorFault(
    `the CA in ${folder} is for the trust domain ${held}, not ${trustDomain.name}`,
    `Use another folder for ${trustDomain.name}.`,
  );
}
