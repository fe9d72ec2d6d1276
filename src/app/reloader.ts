import type { Emit } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import { watchFiles, type FileWatch } from '../files/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Inbound } from './inbound.ts';
import type { Reloaded, Sources } from './sources.ts';

/** A certificate and its key are two files: between the two renames they do not fit, and that is no fault yet. */
const PAIR_SETTLES = 3000;

/** Whoever loads it. */
export type Reloading = Pick<Inbound, 'reload' | 'lookAtKeys'> & {
  readonly sources: Pick<Sources, 'identityFits'>;
};

/** Reloads what has changed on disk, each alone, and everything when asked. */
export class Reloader {
  readonly #inbound: Reloading;
  readonly #audit: Pick<Telemetry, 'reopen'>;
  readonly #watches: readonly FileWatch[];
  #waiting: NodeJS.Timeout | undefined;

  constructor(
    { identity, trust, policy }: Pick<Config, 'identity' | 'trust' | 'policy'>,
    inbound: Reloading,
    audit: Pick<Telemetry, 'reopen'>,
  ) {
    this.#inbound = inbound;
    this.#audit = audit;
    const trusted = Object.values(trust).flatMap(({ roots, crl }) => [
      roots,
      ...(crl ? [crl] : []),
    ]);
    this.#watches = [
      watchFiles([identity.cert, identity.key], () => this.#pairChanged()),
      watchFiles(trusted, () => void inbound.reload('trust')),
      watchFiles([policy], () => void inbound.reload('policy')),
    ];
  }

  /**
   * Everything, now; the audit file, which may have been moved, is opened anew, and told of if it cannot be. Keys of issuers
   * are asked for again, and not waited for.
   */
  all(): Reloaded[] {
    const whats = ['identity', 'trust', 'policy'] as const;
    const reloaded = whats.map((what) => this.#inbound.reload(what));
    this.#inbound.lookAtKeys();
    const reopened = this.#audit.reopen();
    return reopened?.ok === false ? [...reloaded, { what: 'audit', ...reopened }] : reloaded;
  }

  close(): void {
    clearTimeout(this.#waiting);
    for (const watch of this.#watches) watch.close();
  }

  #pairChanged(): void {
    clearTimeout(this.#waiting);
    const reload = (): void => void this.#inbound.reload('identity');
    if (this.#inbound.sources.identityFits()) reload();
    else this.#waiting = setTimeout(reload, PAIR_SETTLES).unref();
  }
}

/** The configuration is read once: says so, once, when the file is changed all the same. */
export function watchConfiguration(file: string, emit: Emit): FileWatch {
  const watch = watchFiles([file], () => {
    watch.close();
    const message = `${file} has changed, and is read only at start: restart to apply`;
    emit({ kind: 'log', level: 'warn', message });
  });
  return watch;
}
