import type { Config } from '../config/index.ts';
import { watchFiles, type FileWatch } from '../files/index.ts';
import type { Inbound, Reloaded } from './inbound.ts';

/** A certificate and its key are two files: between the two renames they do not fit, and that is no fault yet. */
const PAIR_SETTLES = 3000;

/** Reloads what has changed on disk, each alone, and everything when asked. */
export class Reloader {
  readonly #inbound: Inbound;
  readonly #watches: readonly FileWatch[];
  #waiting: NodeJS.Timeout | undefined;

  constructor({ identity, trust, policy }: Config, inbound: Inbound) {
    this.#inbound = inbound;
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

  /** Everything, now. */
  all(): Reloaded[] {
    return (['identity', 'trust', 'policy'] as const).map((what) => this.#inbound.reload(what));
  }

  close(): void {
    clearTimeout(this.#waiting);
    for (const watch of this.#watches) watch.close();
  }

  #pairChanged(): void {
    clearTimeout(this.#waiting);
    const reload = (): void => void this.#inbound.reload('identity');
    if (this.#inbound.identityFits()) reload();
    else this.#waiting = setTimeout(reload, PAIR_SETTLES).unref();
  }
}
