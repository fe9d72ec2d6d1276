import { OperatorFault, parseDuration } from '../lib/index.ts';
import { SpiffeId, SpiffeIdError, TrustDomain } from '../spiffe/index.ts';

/** The text of an argument or option as a value; a fault of usage if it is none. */

export function readTrustDomain(text: string): TrustDomain {
  return spiffe(text, 'trust domain', 'acme.test', () => TrustDomain.parse(text));
}

export function readSpiffeId(text: string): SpiffeId {
  return spiffe(text, 'SPIFFE ID', 'spiffe://acme.test/agent/billing', () => SpiffeId.parse(text));
}

/** Milliseconds. */
export function readDuration(text: string): number {
  const value = parseDuration(text);
  if (value !== undefined && value > 0) return value;
  throw new OperatorFault(
    `'${text}' is not a length of time`,
    'Write a number and a unit (ms, s, m, h, d), such as 24h.',
  );
}

/** For commander: an option that may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function spiffe<T>(text: string, what: string, example: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    throw new OperatorFault(
      `'${text}' is not a ${what}: ${error.message}`,
      `Write e.g. ${example}`,
    );
  }
}
