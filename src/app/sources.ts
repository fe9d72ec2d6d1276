import type { Emit } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import { OperatorFault, Reloadable, placeOf, type Clock, type SourceFault } from '../lib/index.ts';
import { routeMode, type Policy } from '../policy/index.ts';
import { loadIdentity, loadTrust, trustEnds, type Identity, type Trust } from '../tls/index.ts';
import { readPolicy } from './parts.ts';

const SHADOW = 'mode is shadow: what the policy denies is recorded and let through';

/** What of a configuration is needed; a service without a way in for calls has no `inbound`. */
export type SourcesConfig = Pick<Config, 'identity' | 'trust' | 'policy' | 'mode' | 'development'> &
  Partial<Pick<Config, 'inbound' | 'outbound' | 'tokenService'>>;

export type Loaded = 'identity' | 'trust' | 'policy';

export interface Reloaded {
  readonly what: Loaded | 'keys' | 'audit';
  readonly ok: boolean;
  readonly why?: string;
}

/** What is read from files and can be read anew while calls go on; each is built whole and swapped alone. */
export class Sources {
  readonly identity: Reloadable<Identity>;
  readonly trust: Reloadable<Trust>;
  readonly policy: Reloadable<Policy>;
  /** What lies on the disk and could not be loaded. */
  readonly refused = new Set<Loaded>();
  readonly #config: SourcesConfig;
  readonly #emit: Emit;
  readonly #now: Clock;

  /** @throws OperatorFault or SourceFaults: what cannot be loaded, and the remedy */
  constructor(config: SourcesConfig, emit: Emit, now: Clock) {
    this.#config = config;
    this.#emit = emit;
    this.#now = now;
    this.identity = new Reloadable(loadIdentity(config.identity, now()));
    this.trust = new Reloadable(loadTrust(config.trust, now()));
    this.policy = new Reloadable(readPolicy(config, now));
    for (const what of ['identity', 'trust', 'policy'] as const) this.#inForce(what, true);
  }

  /** Reads one of them anew; what cannot be built whole leaves the old one in force, and everybody is told. */
  reload(what: Loaded): Reloaded {
    try {
      this.#load(what);
      this.#inForce(what, false);
      this.refused.delete(what);
      return { what, ok: true };
    } catch (error) {
      this.refused.add(what);
      const why = error instanceof OperatorFault ? error.message : 'an unforeseen fault';
      this.#emit({ kind: 'reload', what, first: false, result: { ok: false, why } });
      return { what, ok: false, why };
    }
  }

  /** Whether the certificate and the key on disk could be taken now. */
  identityFits(): boolean {
    try {
      loadIdentity(this.#config.identity, this.#now());
      return true;
    } catch {
      return false;
    }
  }

  #load(what: Loaded): void {
    const { identity, trust } = this.#config;
    const now = this.#now();
    if (what === 'identity') this.identity.swap(loadIdentity(identity, now));
    else if (what === 'trust') this.trust.swap(loadTrust(trust, now, this.trust.current));
    else this.policy.swap(readPolicy(this.#config, this.#now));
  }

  #inForce(what: Loaded, first: boolean): void {
    const result = { ok: true, ...this.#facts(what) } as const;
    this.#emit({ kind: 'reload', what, first, result });
    for (const message of this.#warnings(what)) this.#emit({ kind: 'log', level: 'warn', message });
  }

  #warnings(what: Loaded): readonly string[] {
    if (what === 'trust') return this.trust.current.warnings;
    if (what === 'identity') return [];
    const { warnings, mode } = this.policy.current;
    const found = [...warnings, ...unusedFaults(this.policy.current, this.#config)];
    const told = found.map((warning) => `${placeOf(warning)}: ${warning.message}`);
    return mode === 'enforce' ? told : [...told, SHADOW];
  }

  #facts(what: Loaded): { digest: string; shadowRoutes: number } | { notAfter: number } | object {
    if (what === 'identity') return { notAfter: this.identity.current.notAfter };
    if (what === 'trust') return { ends: trustEnds(this.trust.current) };
    const { digest, routes } = this.policy.current;
    const now = this.#now();
    const shadowRoutes = routes.filter((route) => routeMode(route, now) === 'shadow').length;
    return { digest, shadowRoutes };
  }
}

/** What the policy says in vain, for the configuration does not go along. */
function unusedFaults(
  { issuers, routes }: Policy,
  { development, inbound }: SourcesConfig,
): SourceFault[] {
  const developing = development ? [] : issuers.filter((issuer) => issuer.development);
  const answers = inbound === undefined || inbound.publicUrl !== undefined;
  const untold = answers ? [] : routes.filter(({ answer }) => answer);
  return [
    ...developing.map(({ name, at }) => {
      const message = `no token of ${name} is believed, for it is for development`;
      return { at, message, remedy: "Say 'development: true' in sidegate.yaml, or remove it." };
    }),
    ...untold.map(({ name, at }) => {
      const message = `'${name}' has no answer without 'inbound.publicUrl' in sidegate.yaml`;
      return { at, message, remedy: 'Set it, or remove the route.' };
    }),
  ];
}
