import type { FailureCode } from '../call/index.ts';
import { trustHealth, type Identity, type Trust } from '../tls/index.ts';
import type { IssuerHealth } from '../token/index.ts';
import type { Loaded } from './sources.ts';

/** What is asked about; all of it as it is at one moment. */
export interface Vitals {
  readonly now: number;
  readonly identity: Identity;
  readonly trust: Trust;
  /** What lies on the disk and could not be loaded, so that the old is in force. */
  readonly refused: ReadonlySet<Loaded>;
  readonly audit: 'recording' | 'losing' | 'refusing';
  /** Whether the last call got as far as the agent. */
  readonly agentReached: boolean;
  /** The issuers that are believed, and whether their tokens can be checked. */
  readonly issuers: readonly Pick<IssuerHealth, 'usable' | 'fault'>[];
  /** Whether the token service gave an answer that can be used, when it was last asked; undefined if there is none. */
  readonly tokenServiceReached: boolean | undefined;
  /** Whether as many calls are under way as may be. */
  readonly full: boolean;
}

/** Why a dependency is not as fresh as it must be. */
export interface Fault {
  /** What refused callers are told; undefined while nobody is refused for it. */
  readonly code: FailureCode | undefined;
  /** Whether nobody can be served; then, and only then, the process is not ready. */
  readonly everybody: boolean;
  /** Set where nobody else tells the operator. */
  readonly detail?: string;
}

/** Something outside of the process that calls stand on, and that can fail while it runs. */
export interface Dependency {
  readonly what: string;
  readonly fresh: string;
  readonly otherwise: string;
  readonly recovers: string;
  readonly codes: readonly FailureCode[];
  readonly metrics: readonly string[];
  /** Whether anything here stands on it, by the configuration and the policy in force; left out: always. */
  readonly applies?: (vitals: Vitals) => boolean;
  readonly ask: (vitals: Vitals) => Fault | undefined;
}

/** The old is in force, so nobody is refused. */
const OLD_IN_FORCE: Fault = { code: undefined, everybody: false };
const EXPIRY = (kind: string) => `sidegate_certificate_expiry_timestamp_seconds{kind="${kind}"}`;
const RELOADS = (what: string) => `sidegate_reloads_total{what="${what}",result="failed"}`;
const UNLOADABLE =
  'New ones that do not load (missing, garbled, not a CA, all expired) leave the old in force.';

/** The one table of dependencies: readiness, the metrics and docs/faults.md are made from it, a test fails each row. */
export const DEPENDENCIES = {
  roots: {
    what: 'The roots of each trust domain',
    fresh: 'At least one root of the domain is within its validity.',
    otherwise: `Everybody of that domain is refused; open calls are cut within a second. ${UNLOADABLE}`,
    recovers: 'When roots that load are on the disk, within 2 s.',
    codes: ['CERTIFICATE_EXPIRED'],
    metrics: [EXPIRY('root'), RELOADS('trust')],
    ask: ({ trust, now, refused }) => {
      const { withoutRoots } = trustHealth(trust, now);
      if (withoutRoots.length === 0) return refused.has('trust') ? OLD_IN_FORCE : undefined;
      const detail = `the roots of ${withoutRoots.join(', ')} have expired`;
      return shut('CERTIFICATE_EXPIRED', withoutRoots.length, trust, detail);
    },
  },
  certificate: {
    what: 'Our own certificate and its key',
    fresh: 'Now is before its notAfter, and the key is the one that it was made with.',
    otherwise:
      'After notAfter, callers refuse it in the handshake, and we say that we are not ready. A new pair that does not load or fit leaves the old in force.',
    recovers: 'When a pair that loads is on the disk, within 2 s.',
    codes: ['CERTIFICATE_EXPIRED'],
    metrics: [EXPIRY('identity'), RELOADS('identity')],
    ask: ({ identity, now, refused }) => {
      if (now >= identity.notAfter) return { code: 'CERTIFICATE_EXPIRED', everybody: true };
      return refused.has('identity') ? OLD_IN_FORCE : undefined;
    },
  },
  crl: {
    what: 'The revocation lists, where they are configured',
    fresh: 'A list that a root of the domain signed is between its thisUpdate and its nextUpdate.',
    otherwise:
      'Everybody of that domain is refused; open calls are cut within a second. A new list that does not load (missing, garbled, signed by somebody else) leaves the old in force for as long as that is fresh; at start there is no old one.',
    recovers: 'When a list that is in force is on the disk, within 2 s.',
    codes: ['REVOCATION_UNKNOWN'],
    metrics: [EXPIRY('crl'), RELOADS('trust')],
    ask: ({ trust, now, refused }) => {
      const { withoutLists } = trustHealth(trust, now);
      if (withoutLists.length === 0) return refused.has('trust') ? OLD_IN_FORCE : undefined;
      const detail = `no revocation list of ${withoutLists.join(', ')} is in force`;
      return shut('REVOCATION_UNKNOWN', withoutLists.length, trust, detail);
    },
  },
  policy: {
    what: 'The policy',
    fresh: 'What is in force is what is in the file.',
    otherwise: 'A file that is missing or does not load leaves the old policy in force.',
    recovers: 'When the file loads, within 2 s.',
    codes: [],
    metrics: ['sidegate_policy_synchronized', RELOADS('policy')],
    ask: ({ refused }) => (refused.has('policy') ? OLD_IN_FORCE : undefined),
  },
  audit: {
    what: 'The disk that the audit is written to',
    fresh: 'The last write succeeded, and what waits for the disk fits in memory.',
    otherwise:
      'With `onFull: refuse`, new calls are refused; open ones go on and their lines wait. With `onFull: drop`, calls go on, and lines that do not fit in memory are lost and counted.',
    recovers: 'When a write succeeds; one is tried every second.',
    codes: ['AUDIT_FULL'],
    metrics: ['sidegate_audit_dropped_total'],
    ask: ({ audit }) => {
      if (audit === 'recording') return undefined;
      return audit === 'losing' ? OLD_IN_FORCE : { code: 'AUDIT_FULL', everybody: true };
    },
  },
  upstream: {
    what: 'The agent behind',
    fresh: 'It takes connections within 5 s and begins to answer within `inbound.answerTimeout`.',
    otherwise:
      'Each call is judged as always and then fails; nothing is retried but a GET or HEAD that met a connection just closed. It does not make us unready: the agent has a probe of its own, and without calls nobody would notice that it is back.',
    recovers: 'With the next call that reaches it.',
    codes: ['UPSTREAM_UNREACHABLE', 'UPSTREAM_PROTOCOL', 'UPSTREAM_TIMEOUT'],
    metrics: ['sidegate_upstream_errors_total{code}'],
    ask: ({ agentReached }) =>
      agentReached ? undefined : { code: 'UPSTREAM_UNREACHABLE', everybody: false },
  },
  issuerKeys: {
    what: 'The keys of each issuer of tokens, where the policy names issuers',
    fresh: 'They were read from their file in the last 2 s, or fetched in the last 10 min.',
    otherwise:
      'Keys that cannot be had anew are believed for an hour more. Then, and where there never were any, calls with a token of that issuer are refused; calls without one go on.',
    recovers: 'When they can be had: a file within 2 s, a server within 30 s.',
    codes: ['ISSUER_UNAVAILABLE'],
    metrics: ['sidegate_requests_total{code="ISSUER_UNAVAILABLE"}'],
    applies: ({ issuers }) => issuers.length > 0,
    ask: ({ issuers }) => {
      if (issuers.some(({ usable }) => !usable))
        return { code: 'ISSUER_UNAVAILABLE', everybody: false };
      return issuers.some(({ fault }) => fault !== undefined) ? OLD_IN_FORCE : undefined;
    },
  },
  tokenService: {
    what: 'The token service, where the agent calls peers with a token',
    fresh: 'It answers within 10 s, with a token or a refusal, when a token is asked for.',
    otherwise:
      'Calls to peers that take a token are refused, and the peer is not touched; tokens that are at hand are used until they end. Calls that come in go on, but for those whose answer would start a task; and so do those to peers without a token.',
    recovers: 'With the next token that it gives.',
    codes: ['TOKEN_SERVICE_UNAVAILABLE'],
    metrics: ['sidegate_requests_total{direction="outbound",code="TOKEN_SERVICE_UNAVAILABLE"}'],
    applies: ({ tokenServiceReached }) => tokenServiceReached !== undefined,
    ask: ({ tokenServiceReached }) => (tokenServiceReached === false ? OLD_IN_FORCE : undefined),
  },
  state: {
    what: 'The memory for the calls under way: a place for each, and where the agent calls peers, a handle',
    fresh: 'Fewer calls are under way than `limits.calls`; the last tenth is for agents with few.',
    otherwise:
      'New calls are refused, for without a handle the agent would seem to act for nobody; open ones go on, and no handle of theirs is given up for another. It does not make us unready: it ends by itself.',
    recovers: 'With the next call that comes to its end.',
    codes: ['TOO_MANY_CALLS'],
    metrics: ['sidegate_live_calls', 'sidegate_requests_total{code="TOO_MANY_CALLS"}'],
    ask: ({ full }) => (full ? { code: 'TOO_MANY_CALLS', everybody: false } : undefined),
  },
  clock: {
    what: "The machine's clock",
    fresh:
      'It is the time of those who issue certificates and lists; notBefore of our own is past.',
    otherwise:
      'Certificates and lists are judged by the clock as it is now, on every call. Set forward, it ends what has ended then. Set back, it makes valid again what is valid then: it cannot be told from a correction, and holding on to the later time would keep everybody out until it comes. Set back beyond thisUpdate or notBefore, nobody new is let in. What was cut stays cut. Rates, time limits and durations go by a clock that cannot be set. A step of more than 2 s is logged and counted.',
    recovers: 'With the clock.',
    codes: ['CERTIFICATE_EXPIRED', 'REVOCATION_UNKNOWN'],
    metrics: ['sidegate_clock_steps_total{direction}'],
    ask: ({ identity, now }) => {
      if (now >= identity.notBefore) return undefined;
      const detail = 'the clock is before our own certificate begins: it was set back';
      return { code: 'CERTIFICATE_EXPIRED', everybody: true, detail };
    },
  },
} as const satisfies Record<string, Dependency>;

export type DependencyName = keyof typeof DEPENDENCIES;

function shut(code: FailureCode, domains: number, trust: Trust, detail: string): Fault {
  return { code, everybody: domains === trust.domains.size, detail };
}
