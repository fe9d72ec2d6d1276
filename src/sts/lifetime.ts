import { TokenRefusal } from './refusal.ts';

/** Milliseconds. */
const LONGEST = 5 * 60_000;

/**
 * For how many whole seconds a token may live: five minutes, and never beyond any of these ends (milliseconds since the
 * epoch), for what it stands on ends there.
 *
 * @throws TokenRefusal if that is none
 */
export function lifetimeOf(now: number, ...ends: readonly number[]): number {
  // Tokens begin with a whole second, which may be up to one before now.
  const end = Math.min(now + LONGEST, ...ends);
  const seconds = Math.floor(end / 1000) - Math.floor(now / 1000);
  if (seconds >= 1) return seconds;
  throw new TokenRefusal('invalid_request', 'what the token would stand on has expired');
}
