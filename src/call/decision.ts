import type { SourcePosition } from '../lib/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import type { Authority, IssuerEntry, PeerEntry, Principal, TokenRule } from './authority.ts';
import type { FailureCode } from './failures.ts';

export type Mode = 'enforce' | 'shadow';

/** An agent of the policy, as a call and its record need it. */
export interface AgentEntry {
  readonly name: string;
  readonly spiffeId: SpiffeId;
  readonly disabled: boolean;
  readonly at: SourcePosition;
}

/** What a route allows one agent, beyond scopes. Undefined is no limit. */
export interface RouteLimits {
  /** Calls a second, and how many may come at once. */
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly concurrency: number | undefined;
  /** Bytes. */
  readonly body: number | undefined;
}

/** A route of the policy, as a call and its record need it. */
export interface RouteEntry {
  /** As written, e.g. `GET /invoices/{id}`: the name in metrics and audit. */
  readonly name: string;
  readonly scopes: readonly string[];
  readonly limits: RouteLimits;
  readonly upgrade: 'none' | 'websocket';
  readonly authorization: 'strip' | 'pass';
  readonly tokenRule: TokenRule;
  /** `metadata`: it is us who answer, with what a client must know to get a token (RFC 9728). */
  readonly answer?: 'metadata' | undefined;
  readonly mode: Mode;
  /** Looser than `mode` until then (milliseconds since the epoch): whoever does not look at it, enforces. */
  readonly shadowUntil?: number | undefined;
  readonly at: SourcePosition;
}

export interface Question {
  readonly method: string;
  /** What the path means, without the query: segments are judged with their percent-encoding undone. */
  readonly path: string;
}

/** A denial by policy; `explain` turns it into sentences. */
export interface Denial {
  readonly allowed: false;
  readonly code: FailureCode;
  /** The route that decided; where none matched, the nearest one. */
  readonly rule: RouteEntry | undefined;
  readonly nearest: boolean;
  /** The one thing that was missing, e.g. the scopes, or the method. */
  readonly missing: string;
  /** Scopes that an identified caller may be told of (RFC 6750, 3.1); empty unless the code is SCOPE_MISSING. */
  readonly missingScopes: readonly string[];
  /** Whose scope was missing, where a token or a chain is used: an agent's name, or the subject. For the operator. */
  readonly whose?: string | undefined;
}

export interface Grant {
  readonly allowed: true;
  readonly rule: RouteEntry;
  /** The scopes that the route required and that the agent holds. */
  readonly scopes: readonly string[];
}

export type Decision = Grant | Denial;

/** The compiled policy, as a call uses it. Pure: the same question has the same answer for as long as it lives. */
export interface PinnedPolicy {
  readonly digest: string;
  readonly mode: Mode;
  findAgent(id: SpiffeId): AgentEntry | undefined;
  /** The route that the path and method belong to, or the denial. */
  route(question: Question): RouteEntry | Denial;
  /** May this agent use that route, with that authority? */
  decide(agent: AgentEntry, route: RouteEntry, authority?: Authority): Decision;
  readonly issuers: readonly IssuerEntry[];
  /** The agent that a listed issuer calls so; undefined for anybody else. */
  whoIs(principal: Principal): AgentEntry | undefined;
  /** By name. */
  readonly peers: ReadonlyMap<string, PeerEntry>;
  peerNamed(name: string): PeerEntry | undefined;
}
