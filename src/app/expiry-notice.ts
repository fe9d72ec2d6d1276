import type { Emit } from '../call/index.ts';
import type { Identity } from '../tls/index.ts';

/** Says once, in the log, that our own certificate has ended: callers can only see a handshake that fails. */
export class ExpiryNotice {
  readonly #file: string;
  readonly #emit: Emit;
  #told: Identity | undefined;

  constructor(file: string, emit: Emit) {
    this.#file = file;
    this.#emit = emit;
  }

  look(identity: Identity, now: number): void {
    if (now < identity.notAfter || this.#told === identity) return;
    this.#told = identity;
    const at = new Date(identity.notAfter).toISOString();
    const what = `our certificate ${this.#file} (serial ${identity.serial}) expired at ${at}`;
    const message = `${what}: callers refuse it, and /readyz says CERTIFICATE_EXPIRED. Renew it: sidegate ca renew`;
    this.#emit({ kind: 'log', level: 'error', message });
  }
}
