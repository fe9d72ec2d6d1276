import { Refusal } from '../call/index.ts';
import { member, type JsonObject } from './json.ts';

/** How far the issuer's clock may be ahead of ours, for `nbf` and `iat`. `exp` has no such grace: what is over is over. */
const LEEWAY = 30_000;
/** The last second that is a date everywhere (the end of the year 9999). */
const LAST = 253_402_300_799;

/** Milliseconds since the epoch. */
export interface TokenTimes {
  /** Exclusive. */
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
  readonly issuedAt: number;
}

/** @throws Refusal TOKEN_MALFORMED */
export function readTimes(payload: JsonObject): TokenTimes {
  const notBefore = Object.hasOwn(payload, 'nbf') ? timeClaim(payload, 'nbf') : undefined;
  return { expiresAt: timeClaim(payload, 'exp'), notBefore, issuedAt: timeClaim(payload, 'iat') };
}

/** @throws Refusal TOKEN_EXPIRED */
export function judgeTimes({ expiresAt, notBefore, issuedAt }: TokenTimes, now: number): void {
  if (now >= expiresAt) throw expired('it expired at', expiresAt);
  if (notBefore !== undefined && notBefore > now + LEEWAY)
    throw expired('it is not valid before', notBefore);
  if (issuedAt > now + LEEWAY) throw expired('it says that it was issued at', issuedAt);
}

function timeClaim(payload: JsonObject, claim: string): number {
  const seconds = member(payload, claim);
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= LAST)
    return Math.floor(seconds * 1000);
  const what = seconds === undefined ? 'missing' : 'no time';
  throw new Refusal('TOKEN_MALFORMED', `its claim ${claim} is ${what}`);
}

function expired(what: string, time: number): Refusal {
  return new Refusal('TOKEN_EXPIRED', `${what} ${new Date(time).toISOString()}`);
}
