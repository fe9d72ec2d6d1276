/** `invoices:read`: words of letters, digits and `._/-`, joined by colons; the first begins with a letter or digit. */
export const SCOPE = /^[A-Za-z0-9][A-Za-z0-9._/-]*(?::[A-Za-z0-9._/-]+)*$/;
/** The same, or `invoices:*`. */
export const GRANT = new RegExp(`${SCOPE.source.slice(0, -1)}(?::\\*)?$`);
const MAX_SCOPE = 128;

/** What is wrong with the text of a scope, and the way to mend it. */
export interface ScopeFault {
  readonly message: string;
  readonly remedy: string;
}

/** Of a scope that a route requires: always one scope, written out. */
export function requiredScopeFault(text: string): ScopeFault | undefined {
  if (text.includes('*'))
    return {
      message: 'must be one scope, written out: a route requires scopes, it does not grant them',
      remedy: `Name the scopes that the call takes, e.g. 'invoices:read'.`,
    };
  return literalFault(text);
}

/** Of a scope that is asked for at the token service. */
export function askedScopeFault(text: string): ScopeFault | undefined {
  if (text.includes('*'))
    return {
      message: 'must be one scope, written out: a token has scopes and no families of them',
      remedy: `Name the scopes that the peer's routes take, e.g. 'invoices:read'.`,
    };
  return literalFault(text);
}

/** Of a grant to an agent: one scope, or `a:*` for every scope that begins `a:`. */
export function grantFault(text: string): ScopeFault | undefined {
  if (text === '*')
    return {
      message: `must not be '*': nobody holds every scope`,
      remedy: `Write the scopes out, or one family of them, e.g. 'invoices:*'.`,
    };
  const literal = text.endsWith(':*') ? text.slice(0, -2) : text;
  if (literal.includes('*'))
    return {
      message: `must have '*' only at its end, after a colon`,
      remedy: `Write e.g. 'invoices:*', which covers every scope that begins 'invoices:'.`,
    };
  return literalFault(literal);
}

function literalFault(text: string): ScopeFault | undefined {
  if (text.length > MAX_SCOPE)
    return {
      message: `must have at most ${MAX_SCOPE} characters`,
      remedy: 'Shorten the name of the scope.',
    };
  if (SCOPE.test(text)) return undefined;
  return {
    message: 'must be a scope: letters, digits and ._/- in words joined by colons',
    remedy: `Write it e.g. 'invoices:read'.`,
  };
}

/** What one agent holds. */
export class Grants {
  readonly written: readonly string[];
  readonly #literals: ReadonlySet<string>;
  /** `reports:` for `reports:*`. */
  readonly #families: readonly string[];

  constructor(written: readonly string[]) {
    this.written = written;
    this.#literals = new Set(written.filter((text) => !text.endsWith(':*')));
    this.#families = written.filter((text) => text.endsWith(':*')).map((text) => text.slice(0, -1));
  }

  covers(scope: string): boolean {
    if (this.#literals.has(scope)) return true;
    for (const family of this.#families) if (scope.startsWith(family)) return true;
    return false;
  }

  /** Without an allocation, because every call asks. */
  coversAll(scopes: readonly string[]): boolean {
    for (const scope of scopes) if (!this.covers(scope)) return false;
    return true;
  }

  missing(scopes: readonly string[]): readonly string[] {
    return scopes.filter((scope) => !this.covers(scope));
  }
}
