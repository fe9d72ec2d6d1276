import { CERTIFICATES } from './catalogue/certificates.ts';
import { ENDINGS } from './catalogue/endings.ts';
import type { Failure } from './catalogue/failure.ts';
import { PEERS } from './catalogue/peers.ts';
import { REQUESTS } from './catalogue/requests.ts';
import { RIGHTS } from './catalogue/rights.ts';
import { TOKENS } from './catalogue/tokens.ts';

export type { Blame, Failure, Stage } from './catalogue/failure.ts';

/** Every way in which a call can fail. `docs/errors.md` is held against it by a test. */
const CATALOGUE = {
  ...CERTIFICATES,
  ...TOKENS,
  ...RIGHTS,
  ...REQUESTS,
  ...PEERS,
  ...ENDINGS,
} as const satisfies Record<string, Failure>;

/** The stable name of a failure, the same in answers, audit, metrics and documentation. */
export type FailureCode = keyof typeof CATALOGUE;

export const FAILURES: Readonly<Record<FailureCode, Failure>> = CATALOGUE;

export const FAILURE_CODES = Object.keys(CATALOGUE) as readonly FailureCode[];
