import { idOf } from '../callers.ts';

/** The sidecars of the demo, in the order of a call. Portal comes before them, and has only a certificate. */
export const HOPS = ['planner', 'billing', 'ledger'] as const;
export type Hop = (typeof HOPS)[number];

/** A name that no machine has (RFC 2606): alice's tokens are signed by the demo itself. */
export const DEV_ISSUER = 'https://dev-issuer.invalid';
export const STS_ISSUER = 'https://sts.acme.test';
export const STS_ID = idOf('sts');
/** What everybody asks of the token service, and what alice may do. */
export const SMALL = 'invoices:read';
export const GREAT = 'refunds:write';
