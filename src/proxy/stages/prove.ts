import {
  KILLED,
  Refusal,
  provenAuthority,
  failed,
  isShadowed,
  proved,
  type PresentedToken,
  type ProvenCall,
  type RoutedCall,
  type ShadowedCall,
  type VerifiedToken,
} from '../../call/index.ts';
import { readCredential, type Credential } from '../credential.ts';
import type { Exchange } from '../exchange.ts';
import type { Hall } from '../hall.ts';
import { killedIn } from '../killed.ts';

/**
 * With whose authority? The token, as the route asks: genuine, and presented by the agent that it was given to. The
 * answer is at hand unless keys must be fetched.
 */
export function prove(
  call: RoutedCall | ShadowedCall,
  exchange: Exchange,
  hall: Hall,
): ProvenCall | ShadowedCall | Promise<ProvenCall> {
  if (isShadowed(call)) return call;
  const { token: rule } = call.route.tokenRule;
  if (rule === 'ignored') return proved(call, undefined);
  const credential = readCredential(call.request, hall.seenTokens);
  if (credential === undefined && rule === 'required') throw new Refusal('TOKEN_MISSING');
  if (credential === undefined) return proved(call, undefined);
  if (rule === 'forbidden') throw new Refusal('TOKEN_NOT_TAKEN');
  const verified = hall.verify(presented(call, credential));
  if (!(verified instanceof Promise)) return believed(call, credential, verified, hall);
  return whileThere(call, exchange, verified).then((found) =>
    believed(call, credential, found, hall),
  );
}

function presented(call: RoutedCall, { scheme, token, proof }: Credential): PresentedToken {
  return {
    scheme,
    token,
    proof,
    certificateSha256: call.peer.sha256,
    method: call.method,
    path: call.request.path,
    issuers: call.policy.issuers,
  };
}

function believed(
  call: RoutedCall,
  { token }: Credential,
  verified: VerifiedToken | Refusal,
  hall: Hall,
): ProvenCall {
  if (verified instanceof Refusal) throw verified;
  const { policy, agent } = call;
  const { presenter, subject } = verified;
  if (policy.whoIs(presenter) !== agent)
    throw new Refusal(
      'TOKEN_WRONG_PRESENTER',
      `${agent.name} presents what was issued to ${presenter.subject}`,
    );
  const killed = killedIn(verified, policy, hall.isKilled);
  if (killed !== undefined) throw new Refusal('DELEGATION_ACTOR_REFUSED', `${killed}: ${KILLED}`);
  const authority = provenAuthority(verified, policy.whoIs(subject) !== agent);
  return proved(call, { authority, token });
}

/** What was found; or why the call ended before that, for nothing of it may reach the agent then. */
function whileThere(
  call: RoutedCall,
  exchange: Exchange,
  verified: Promise<VerifiedToken | Refusal>,
): Promise<VerifiedToken | Refusal> {
  const left = new Promise<Refusal>((resolve) => {
    exchange.onGone(() => {
      const refusal = new Refusal('CALLER_LEFT');
      failed(call, refusal);
      resolve(call.refusal ?? refusal);
    });
  });
  return Promise.race([left, verified]);
}
