import { Refusal, type IssuerEntry } from '../call/index.ts';
import { Secret, type Reloadable } from '../lib/index.ts';
import type { Policy } from '../policy/index.ts';
import { PATHS, type ReadSubject } from '../sts/index.ts';
import {
  publicJwks,
  type FetchKeys,
  type SigningKeys,
  type TokenVerifier,
} from '../token/index.ts';

/** What reading subject tokens is made of. */
export interface SubjectParts {
  readonly verifier: TokenVerifier;
  readonly own: IssuerEntry;
  readonly policy: Reloadable<Policy>;
}

/** The service as an issuer of its own; where the policy lists it as well, this is what counts. */
export function ownIssuer(issuer: string): IssuerEntry {
  const at = { file: 'sts.yaml', line: 1, column: 1, text: '' };
  return {
    ...{ name: 'this service', issuer, audiences: [], algorithms: ['ES256'], at },
    keys: { kind: 'url', url: issuer + PATHS.jwks, spiffeId: undefined },
    ...{ binding: 'required', scopeClaim: 'scope', clientClaim: 'client_id' },
    ...{ acceptUntypedTokens: false, narrows: true, development: false },
  };
}

/** Our own keys are at hand: who had to fetch them from itself could wait for itself. */
export function withOwnKeys(
  own: IssuerEntry,
  keys: Reloadable<SigningKeys>,
  fetchKeys: FetchKeys,
): FetchKeys {
  return async (request) => {
    if (own.keys.kind !== 'url' || request.url !== own.keys.url) return fetchKeys(request);
    const bytes = Buffer.from(JSON.stringify(publicJwks(keys.current)));
    return { status: 200, contentType: 'application/jwk-set+json', bytes };
  };
}

export function subjectReader({ verifier, own, policy }: SubjectParts): ReadSubject {
  let issuers: { readonly of: Policy; readonly list: readonly IssuerEntry[] } | undefined;
  return async (token) => {
    const { current } = policy;
    // The same list for as long as the policy is in force: what was verified is remembered with it.
    if (issuers?.of !== current) {
      const others = current.issuers.filter(({ issuer }) => issuer !== own.issuer);
      issuers = { of: current, list: [own, ...others] };
    }
    const read = await verifier.read(new Secret(token), issuers.list);
    if (read instanceof Refusal)
      return { detail: told(read), unavailable: read.code === 'ISSUER_UNAVAILABLE' };
    const { issuer, claims } = read;
    return {
      issuerName: issuer === own ? undefined : issuer.name,
      narrows: issuer.narrows,
      ...claims,
      expiresAt: claims.times.expiresAt,
    };
  };
}

function told({ code, detail }: Refusal): string {
  return detail === '' ? code : `${code}: ${detail}`;
}
