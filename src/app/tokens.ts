import type { Config } from '../config/index.ts';
import type { Emit } from '../call/index.ts';
import type { Clock, Reloadable } from '../lib/index.ts';
import { createDialer, type Identity, type Trust } from '../tls/index.ts';
import { createVerifier, type FetchKeys, type TokenVerifier } from '../token/index.ts';
import { fetchDocument, placeOf } from '../upstream/index.ts';

/** What verifying tokens is made of. */
export interface TokenParts {
  readonly config: Pick<Config, 'inbound' | 'development'>;
  readonly identity: Reloadable<Identity>;
  readonly trust: Reloadable<Trust>;
  readonly emit: Emit;
  readonly now: Clock;
}

/** Milliseconds that an issuer's server may take to give its keys. */
const FETCH_WITHIN = 5000;

/** The verifier of callers' tokens. Who reloads something has it forget what it has verified. */
export function createTokens({ config, identity, trust, emit, now }: TokenParts): TokenVerifier {
  return createVerifier({
    now,
    emit,
    ownSpiffeId: () => identity.current.spiffeId.toString(),
    publicUrl: config.inbound.publicUrl,
    development: config.development,
    fetchKeys: keysOver(identity, trust, now),
    fetchWithin: FETCH_WITHIN,
  });
}

/** A server that must show a SPIFFE ID is shown ours; any other is one of the web, and learns nothing of us. */
export function keysOver(
  identity: Reloadable<Identity>,
  trust: Reloadable<Trust>,
  now: Clock,
): FetchKeys {
  const dialer = createDialer({ trust: () => trust.current, now, timeout: FETCH_WITHIN });
  return ({ url, spiffeId, maxBytes }) => {
    const shown = spiffeId === undefined ? undefined : identity.current;
    const target = { ...placeOf(url).place, spiffeId, identity: shown };
    const wish = { url, maxBytes, timeout: FETCH_WITHIN };
    return fetchDocument(wish, (done) => dialer(target, done));
  };
}
