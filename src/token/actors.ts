import { Refusal, type Principal } from '../call/index.ts';
import { isObject, member } from './json.ts';
import { isName } from './text-claim.ts';

const MAX_ACTORS = 16;

/**
 * Who acts, from the outermost `act` inwards (RFC 8693, 4.1). An actor whose `iss` is not said is the token issuer's.
 * A chain that cannot be read whole is refused whole: what cannot be seen may be who should not be there.
 *
 * @throws Refusal TOKEN_MALFORMED
 */
export function readActors(act: unknown, tokenIssuer: string): readonly Principal[] {
  const actors: Principal[] = [];
  for (let inner = act; inner !== undefined; inner = member(inner, 'act')) {
    if (!isObject(inner)) throw malformed('its act is no object');
    if (actors.length === MAX_ACTORS) throw malformed(`its act has more than ${MAX_ACTORS} actors`);
    const issuer = Object.hasOwn(inner, 'iss') ? member(inner, 'iss') : tokenIssuer;
    const subject = member(inner, 'sub');
    if (!isName(issuer) || !isName(subject)) throw malformed('an actor in its act has no name');
    actors.push({ issuer, subject });
  }
  return actors;
}

/** It matters for an exchange alone, so one that cannot be read spoils no call; but then nobody may act. */
export function readMayAct(mayAct: unknown, tokenIssuer: string): Principal | null | undefined {
  if (mayAct === undefined) return undefined;
  if (!isObject(mayAct)) return null;
  const issuer = Object.hasOwn(mayAct, 'iss') ? member(mayAct, 'iss') : tokenIssuer;
  const subject = member(mayAct, 'sub');
  return isName(issuer) && isName(subject) ? { issuer, subject } : null;
}

function malformed(what: string): Refusal {
  return new Refusal('TOKEN_MALFORMED', what);
}
