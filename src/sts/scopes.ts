import type { Client } from './client.ts';
import { TokenRefusal } from './refusal.ts';

/**
 * The scopes that are asked for, each once. Leaving them out is no way to ask for everything.
 *
 * @throws TokenRefusal if there are none
 */
export function askedScopes(text: string | undefined): readonly string[] {
  const scopes = [...new Set((text ?? '').split(' '))].filter((scope) => scope !== '');
  if (scopes.length > 0) return scopes;
  throw new TokenRefusal('invalid_scope', 'no scope was asked for');
}

/**
 * All that is asked for, which the client must be granted.
 *
 * @throws TokenRefusal
 */
export function ownScopes(asked: readonly string[], client: Client): readonly string[] {
  const missing = asked.filter((scope) => !holds(client, scope));
  if (missing.length === 0) return asked;
  const what = missing.join(' ');
  throw new TokenRefusal('invalid_scope', `${client.name} is not granted ${what}`);
}

/**
 * What is asked for, as far as it is in the authority passed on and everybody who acts holds it.
 *
 * @throws TokenRefusal if nothing is left
 */
export function narrowedScopes(
  asked: readonly string[],
  passedOn: ReadonlySet<string>,
  actors: readonly Client[],
): readonly string[] {
  const left = asked.filter(
    (scope) => passedOn.has(scope) && actors.every((actor) => holds(actor, scope)),
  );
  if (left.length > 0) return left;
  throw new TokenRefusal('invalid_scope', whoLacks(asked, passedOn, actors));
}

/** A token holds scopes that are written out: a family of them could grow after it was given. */
function holds(client: Client, scope: string): boolean {
  return !scope.includes('*') && client.covers(scope);
}

function whoLacks(
  asked: readonly string[],
  passedOn: ReadonlySet<string>,
  actors: readonly Client[],
): string {
  const there = asked.filter((scope) => passedOn.has(scope));
  if (there.length === 0) return `${asked.join(' ')} is not in the subject token`;
  const lacking = actors.filter((actor) => there.some((scope) => !holds(actor, scope)));
  return `${there.join(' ')} is not granted to ${lacking.map(({ name }) => name).join(', ')}`;
}
