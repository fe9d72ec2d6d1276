import type { KeyObject } from 'node:crypto';
import { splitHead } from '../head.ts';
import type { LinkedLine } from '../linked-line.ts';
import { sealed } from '../seal.ts';
import type { Findings, Place } from './findings.ts';

/** A certificate that signed, and what stands behind it. */
export type Vouched =
  | {
      readonly ok: true;
      readonly spiffeId: string;
      readonly sha256: string;
      readonly key: KeyObject;
      /** When the whole chain to the root is valid, in milliseconds: from (inclusive) until (exclusive). */
      readonly from: number;
      readonly until: number;
    }
  | { readonly ok: false; readonly detail: string };

/** Judges the certificate of a head, PEM, leaf first. */
export type Vouch = (certPem: string) => Vouched;

const FORGED =
  'It was changed, or not written by this sidecar; trust no line after the last good head before it.';

/** Verifies heads, one after the other; certificates are remembered, since only some heads have theirs. */
export class Heads {
  readonly #vouch: Vouch;
  readonly #found: Findings;
  readonly #known = new Map<string, Vouched>();
  #signer: string | undefined;
  count = 0;

  constructor(options: { vouch: Vouch; found: Findings; signer: string | undefined }) {
    this.#vouch = options.vouch;
    this.#found = options.found;
    this.#signer = options.signer;
  }

  get signer(): string | undefined {
    return this.#signer;
  }

  /** Whether this head vouches for what stands before it. */
  verify(line: LinkedLine, bytes: Buffer, at: Place): boolean {
    this.count += 1;
    const by = this.#certificateOf(line);
    if (!by.ok) {
      this.#found.fault('certificate', at, `this head's certificate: ${by.detail}`, UNTRUSTED);
      return false;
    }
    const parts = splitHead(bytes);
    const good =
      parts !== undefined && sealed(String(line.alg), by.key, parts.signed, parts.signature);
    if (!good) {
      this.#found.fault('signature', at, "this head's signature does not fit it", FORGED);
      return false;
    }
    return this.#isSigner(by.spiffeId, at) && this.#inTime(line, by, at);
  }

  #certificateOf({ certSha256, cert }: LinkedLine): Vouched {
    const name = String(certSha256);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (typeof cert !== 'string')
      return { ok: false, detail: 'it is neither in this head nor in one before it' };
    const vouched = this.#vouch(cert);
    if (!vouched.ok) return vouched;
    if (vouched.sha256 !== name) return { ok: false, detail: 'it is not the one that is named' };
    this.#known.set(name, vouched);
    return vouched;
  }

  #isSigner(spiffeId: string, at: Place): boolean {
    this.#signer ??= spiffeId;
    if (this.#signer === spiffeId) return true;
    const message = `this head is signed by ${spiffeId}, not by ${this.#signer}`;
    this.#found.fault('signer', at, message, 'An audit is signed by one sidecar alone.');
    return false;
  }

  /** A head of an expired certificate vouches for nothing; one that is renewed later vouches for all before it. */
  #inTime({ time }: LinkedLine, by: Vouched & { ok: true }, at: Place): boolean {
    const when = Date.parse(String(time));
    if (when >= by.from && when < by.until) return true;
    const message = "this head's certificate was not valid at its time, so the head does not count";
    this.#found.note(at, message);
    return false;
  }
}

const UNTRUSTED =
  'Name the roots that vouch for this sidecar with --roots; if those are the right ones, the head is forged.';
