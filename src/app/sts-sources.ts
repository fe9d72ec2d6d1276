import type { Emit } from '../call/index.ts';
import type { StsConfig } from '../config/index.ts';
import { watchFiles, type FileWatch } from '../files/index.ts';
import { OperatorFault, Reloadable, type Clock } from '../lib/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { readSigningKeys, type SigningKeys } from '../token/index.ts';
import { Reloader } from './reloader.ts';
import { Sources, type Reloaded } from './sources.ts';

/** What the token service reads from files and can read anew while it serves. */
export class StsSources {
  readonly common: Sources;
  readonly keys: Reloadable<SigningKeys>;
  readonly #file: string;
  readonly #emit: Emit;

  /** @throws OperatorFault or SourceFaults: what cannot be loaded, and the remedy */
  constructor(config: StsConfig, emit: Emit, now: Clock) {
    this.#file = config.sts.keys;
    this.#emit = emit;
    const { identity, trust, policy, development } = config;
    // The policy's mode is about calls: a token is given or it is not.
    const sources = { identity, trust, policy, development, mode: 'enforce' as const };
    this.common = new Sources(sources, emit, now);
    this.keys = new Reloadable(readSigningKeys(this.#file));
  }

  /** Keys that cannot be used, all or one of them, leave the old ones in force. */
  reloadKeys(): Reloaded {
    const what = 'keys';
    try {
      this.keys.swap(readSigningKeys(this.#file));
      this.#emit({ kind: 'reload', what, first: false, result: { ok: true } });
      return { what, ok: true };
    } catch (error) {
      const why = error instanceof OperatorFault ? error.message : 'an unforeseen fault';
      this.#emit({ kind: 'reload', what, first: false, result: { ok: false, why } });
      return { what, ok: false, why };
    }
  }
}

/** Reloads what has changed on disk, each alone, and everything when asked. */
export class StsReloader {
  readonly #sources: StsSources;
  readonly #reloader: Reloader;
  readonly #keys: FileWatch;

  constructor(
    config: StsConfig,
    sources: StsSources,
    {
      lookAtKeys,
      audit,
    }: { readonly lookAtKeys: () => void; readonly audit: Pick<Telemetry, 'reopen'> },
  ) {
    this.#sources = sources;
    const { common } = sources;
    const loading = { sources: common, reload: common.reload.bind(common), lookAtKeys };
    this.#reloader = new Reloader(config, loading, audit);
    this.#keys = watchFiles([config.sts.keys], () => void sources.reloadKeys());
  }

  all(): Reloaded[] {
    return [...this.#reloader.all(), this.#sources.reloadKeys()];
  }

  close(): void {
    this.#reloader.close();
    this.#keys.close();
  }
}
