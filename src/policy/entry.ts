import type { AgentEntry, Grant, Mode, RouteEntry, RouteLimits, TokenRule } from '../call/index.ts';
import type { SourcePosition } from '../lib/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import type { RouteKey } from './route-key.ts';
import type { Grants } from './scope.ts';
import type { Template } from './template.ts';

/** One loading of a file: entries are good for the policy that they were compiled with, and for no other. */
export type Edition = object;

type AgentFields = Omit<PolicyAgent, 'edition'>;

/** An agent, with what only this room asks of it. */
export class PolicyAgent implements AgentEntry {
  readonly name: string;
  readonly spiffeId: SpiffeId;
  readonly disabled: boolean;
  readonly at: SourcePosition;
  readonly grants: Grants;
  /** By the issuer's name: what it calls this agent. */
  readonly clients: ReadonlyMap<string, readonly string[]>;
  /** Names of the agents for whom the token service may give this one tokens. */
  readonly peers: readonly string[];
  readonly edition: Edition;

  constructor(edition: Edition, fields: AgentFields) {
    this.edition = edition;
    this.name = fields.name;
    this.spiffeId = fields.spiffeId;
    this.disabled = fields.disabled;
    this.at = fields.at;
    this.grants = fields.grants;
    this.clients = fields.clients;
    this.peers = fields.peers;
    Object.freeze(this);
  }
}

type RouteFields = Omit<PolicyRoute, 'edition' | 'grant' | keyof RouteKey>;

/** A route, with what only this room asks of it. */
export class PolicyRoute implements RouteEntry {
  readonly name: string;
  readonly methods: readonly string[];
  readonly template: Template;
  readonly scopes: readonly string[];
  readonly limits: RouteLimits;
  readonly upgrade: 'none' | 'websocket';
  readonly authorization: 'strip' | 'pass';
  readonly tokenRule: TokenRule;
  readonly answer: 'metadata' | undefined;
  readonly mode: Mode;
  readonly shadowUntil: number | undefined;
  readonly at: SourcePosition;
  readonly edition: Edition;
  readonly #grant: Grant;

  constructor(edition: Edition, key: RouteKey, fields: RouteFields) {
    this.edition = edition;
    this.name = fields.name;
    this.methods = key.methods;
    this.template = key.template;
    this.scopes = fields.scopes;
    this.limits = fields.limits;
    this.upgrade = fields.upgrade;
    this.authorization = fields.authorization;
    this.tokenRule = fields.tokenRule;
    this.answer = fields.answer;
    this.mode = fields.mode;
    this.shadowUntil = fields.shadowUntil;
    this.at = fields.at;
    this.#grant = Object.freeze({ allowed: true, rule: this, scopes: fields.scopes });
    Object.freeze(this);
  }

  /** Whoever is granted the route is granted the same: one object, made once and not with every call. */
  get grant(): Grant {
    return this.#grant;
  }
}
