import { createPrivateKey } from 'node:crypto';
import type { Reloadable } from '../lib/index.ts';
import { sealWith, type Seal } from '../telemetry/index.ts';
import type { Identity } from '../tls/index.ts';

/** Signs the heads of the audit with our identity, as it is at that moment; before it is loaded, nothing is signed. */
export class Sealer {
  #identity: Reloadable<Identity> | undefined;
  #made: { readonly of: Identity; readonly seal: Seal } | undefined;

  use(identity: Reloadable<Identity>): void {
    this.#identity = identity;
  }

  readonly current = (): Seal | undefined => {
    const of = this.#identity?.current;
    if (of === undefined) return undefined;
    if (this.#made?.of !== of) this.#made = { of, seal: sealOf(of) };
    return this.#made.seal;
  };
}

function sealOf({ certPem, sha256, keyPem }: Identity): Seal {
  return sealWith({ certPem, certSha256: sha256 }, createPrivateKey(keyPem));
}
