import { idOf, type Callers } from './callers.ts';

/** Where a call ends. */
export interface Ending {
  readonly status: number;
  /** `OK`, or a code of the catalogue. */
  readonly code: string;
  readonly stage?: string | undefined;
}

export interface Expected extends Ending {
  /** By which name the agent behind must know the caller; without it, it must not be reached. */
  readonly agentTold?: string;
}

/** One call, on a connection of its own. */
export interface Attempt {
  readonly caller: keyof Callers;
  /** How the caller is called in the drawing. */
  readonly who: string;
  /** Of a further call of the same row: what is shown with it. */
  readonly then?: string;
  readonly method: string;
  /** Sent exactly as it is. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

export interface Row {
  readonly title: string;
  readonly attempts: readonly [Attempt, ...Attempt[]];
}

const READ = { method: 'GET', path: '/invoices/7' } as const;
const WRITE = { method: 'POST', path: '/invoices' } as const;

/** The names that a sidecar gives its agent, as somebody would forge them who wants to be billing. */
const FORGED = {
  'x-sidegate-agent': 'billing',
  'x-forwarded-client-cert': `By=${idOf('invoices')};Hash=${'0'.repeat(64)};URI=${idOf('billing')}`,
} as const;

/** Written out, not looked up in the catalogue: what the catalogue says is part of what is shown. */
const UNTRUSTED = { status: 401, code: 'UNTRUSTED_CERTIFICATE', stage: 'authentication' } as const;
const SCOPE_MISSING = { status: 403, code: 'SCOPE_MISSING', stage: 'authorization' } as const;

export const ROWS: readonly Row[] = [
  row('a valid call', {
    caller: 'billing',
    who: 'billing',
    ...READ,
    expected: { status: 200, code: 'OK', agentTold: 'billing' },
  }),
  row('no certificate', {
    caller: 'nobody',
    who: 'nobody',
    ...READ,
    expected: { status: 401, code: 'NO_CERTIFICATE', stage: 'identity' },
  }),
  row('a self-signed certificate', {
    caller: 'selfSigned',
    who: 'claims billing',
    ...READ,
    expected: UNTRUSTED,
  }),
  row('a certificate of another CA', {
    caller: 'ofAnotherCa',
    who: 'claims billing',
    ...READ,
    expected: UNTRUSTED,
  }),
  row('an expired certificate', {
    caller: 'expired',
    who: 'billing',
    ...READ,
    expected: { status: 401, code: 'CERTIFICATE_EXPIRED', stage: 'authentication' },
  }),
  row('genuine, beyond its scopes', {
    caller: 'planner',
    who: 'planner',
    ...WRITE,
    expected: SCOPE_MISSING,
  }),
  row(
    "genuine, forging billing's name",
    {
      caller: 'planner',
      who: 'planner',
      ...READ,
      headers: FORGED,
      expected: { status: 200, code: 'OK', agentTold: 'planner' },
    },
    {
      caller: 'planner',
      who: 'planner',
      then: 'and where only billing may',
      ...WRITE,
      headers: FORGED,
      expected: SCOPE_MISSING,
    },
  ),
  row('genuine, its kill switch on', {
    caller: 'retired',
    who: 'retired',
    ...READ,
    expected: { status: 403, code: 'AGENT_DISABLED', stage: 'authorization' },
  }),
  row('genuine, with a path trick', {
    caller: 'billing',
    who: 'billing',
    method: 'GET',
    path: '/invoices/..%2fadmin',
    expected: { status: 400, code: 'MALFORMED_REQUEST', stage: 'request' },
  }),
];

function row(title: string, ...attempts: [Attempt, ...Attempt[]]): Row {
  return { title, attempts };
}
