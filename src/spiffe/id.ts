const MAX_ID_BYTES = 2048;
const MAX_TRUST_DOMAIN_BYTES = 255;
const TRUST_DOMAIN = /^[a-z0-9._-]+$/;
const SEGMENT = /^[a-zA-Z0-9._-]+$/;

/** A name that breaks the SPIFFE ID grammar; `message` says which rule, and never repeats more than the rule. */
export class SpiffeIdError extends Error {
  override readonly name = 'SpiffeIdError';
}

/** A trust domain's name: lower-case letters, digits, `.`, `_`, `-`; at most 255 bytes (SPIFFE-ID 2.1). */
export class TrustDomain {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** @throws SpiffeIdError */
  static parse(text: string): TrustDomain {
    if (text === '') throw new SpiffeIdError('the trust domain is empty');
    if (!TRUST_DOMAIN.test(text))
      throw new SpiffeIdError('a trust domain has only a-z, 0-9, ".", "_" and "-"');
    if (text.length > MAX_TRUST_DOMAIN_BYTES)
      throw new SpiffeIdError(`a trust domain has at most ${MAX_TRUST_DOMAIN_BYTES} bytes`);
    return new TrustDomain(text);
  }

  toString(): string {
    return this.name;
  }
}

/**
 * A SPIFFE ID, parsed by its raw bytes and never normalised: two IDs are the same if and only if their texts are.
 * Upper-case schemes and trust domains, percent-encoding, ports, queries and fragments are refused (SPIFFE-ID 2).
 */
export class SpiffeId {
  readonly trustDomain: TrustDomain;
  /** Empty for the trust domain's own ID, else `/a/b`. */
  readonly path: string;
  readonly #text: string;

  private constructor(trustDomain: TrustDomain, path: string) {
    this.trustDomain = trustDomain;
    this.path = path;
    this.#text = `spiffe://${trustDomain.name}${path}`;
  }

  /** @throws SpiffeIdError */
  static parse(text: string): SpiffeId {
    // Characters are bytes here: anything above 0x7f fails the grammar below.
    if (text.length > MAX_ID_BYTES)
      throw new SpiffeIdError(`a SPIFFE ID has at most ${MAX_ID_BYTES} bytes`);
    if (!text.startsWith('spiffe://')) throw new SpiffeIdError('a SPIFFE ID begins spiffe://');
    const rest = text.slice('spiffe://'.length);
    const slash = rest.indexOf('/');
    const trustDomain = TrustDomain.parse(slash === -1 ? rest : rest.slice(0, slash));
    const path = slash === -1 ? '' : rest.slice(slash);
    if (path !== '') checkPath(path);
    return new SpiffeId(trustDomain, path);
  }

  toString(): string {
    return this.#text;
  }
}

function checkPath(path: string): void {
  if (path.endsWith('/')) throw new SpiffeIdError('a SPIFFE ID has no slash at its end');
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') throw new SpiffeIdError('a SPIFFE ID has no empty path segment');
    if (segment === '.' || segment === '..')
      throw new SpiffeIdError('a SPIFFE ID has no "." or ".." segment');
    if (!SEGMENT.test(segment))
      throw new SpiffeIdError('a path segment has only letters, digits, ".", "_" and "-"');
  }
}
