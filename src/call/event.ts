import type { Call } from './call.ts';
import type { FailureCode } from './failures.ts';
import type { OutboundCall } from './outbound-call.ts';
import type { End } from './stream.ts';
import type { TokenAnswer } from './token-answer.ts';

/** What a refused connection claimed to be; nothing in here was verified. */
export interface RefusedConnection {
  readonly id: string;
  readonly time: number;
  /** Whose door it was at; the default is the way in. */
  readonly direction?: 'inbound' | 'outbound';
  readonly code: FailureCode;
  readonly detail: string;
  readonly address: string;
  readonly claimedId: string | undefined;
  readonly serial: string | undefined;
}

/** Everything that rooms report. `telemetry/` is the only reader. */
export type Event =
  /** Exactly one a call, when both directions are over. `status` is 0 if nothing was answered. */
  | {
      readonly kind: 'call';
      readonly call: Readonly<Call>;
      readonly status: number;
      readonly end: End;
      readonly durationMs: number;
    }
  /** Exactly one for each connection that never became a call, or ended as none. `verified`: its handshake was `OK`. */
  | {
      readonly kind: 'refused-connection';
      readonly connection: RefusedConnection;
      readonly verified: boolean;
    }
  /** A call that is still open after one second. */
  | { readonly kind: 'call-begun'; readonly call: Readonly<Call> }
  /** The same of a call of our agent to a peer. */
  | {
      readonly kind: 'outbound-call';
      readonly call: Readonly<OutboundCall>;
      readonly status: number;
      readonly end: End;
      readonly durationMs: number;
    }
  | { readonly kind: 'outbound-begun'; readonly call: Readonly<OutboundCall> }
  | { readonly kind: 'handshake'; readonly result: FailureCode | 'OK' }
  | { readonly kind: 'connections'; readonly open: number }
  | { readonly kind: 'live-calls'; readonly open: number }
  | { readonly kind: 'live-outbound'; readonly open: number }
  /** Work that goes on after its call, as its number changes. */
  | { readonly kind: 'tasks'; readonly live: number }
  /** Once a second: what is kept in the process between callers and the agent. */
  | { readonly kind: 'buffered'; readonly bytes: number }
  | {
      readonly kind: 'reload';
      readonly what: 'policy' | 'identity' | 'trust' | 'keys';
      /** At start: worth counting, but no news. */
      readonly first: boolean;
      /** Of the policy, its digest and how many routes only shadow; of a credential, when it ends. */
      readonly result:
        | {
            readonly ok: true;
            readonly digest?: string;
            readonly shadowRoutes?: number;
            readonly notAfter?: number;
            /** Of the trust, when the first root and the first revocation list end. */
            readonly ends?: { readonly root: number; readonly crl: number | undefined };
          }
        | { readonly ok: false; readonly why: string };
    }
  /** The operator's kill switch. `by` is who the command said was asking. */
  | {
      readonly kind: 'kill-switch';
      readonly action: 'kill' | 'lift';
      readonly time: number;
      readonly agent: string;
      readonly by: string;
    }
  | { readonly kind: 'killed-agents'; readonly count: number }
  /** Exactly one for each request that reached the token service. */
  | { readonly kind: 'token-answer'; readonly answer: TokenAnswer }
  /** Once a second for each of the table of dependencies. */
  /** `fresh` is undefined where nothing stands on it. */
  | { readonly kind: 'dependency'; readonly name: string; readonly fresh: boolean | undefined }
  | { readonly kind: 'clock-step'; readonly direction: 'forward' | 'back' }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
      readonly cause?: unknown;
    };

/** How rooms report. Never throws and never waits. */
export type Emit = (event: Event) => void;
