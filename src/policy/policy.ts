import type {
  AgentEntry,
  Authority,
  Decision,
  Denial,
  IssuerEntry,
  Mode,
  PeerEntry,
  PinnedPolicy,
  Principal,
  Question,
  RouteEntry,
  VerifiedToken,
} from '../call/index.ts';
import type { SourceFault } from '../lib/index.ts';
import type { SpiffeId } from '../spiffe/index.ts';
import { denial } from './denial.ts';
import { PolicyAgent, PolicyRoute, type Edition } from './entry.ts';
import { groupByPath } from './path-entry.ts';
import { Paths } from './paths.ts';
import { Principals } from './principals.ts';
import { TokenGate } from './token-gate.ts';

/** Everything that a policy is made of, checked. */
export interface PolicyParts {
  readonly file: string;
  readonly text: string;
  readonly digest: string;
  readonly mode: Mode;
  readonly trustDomain: string;
  readonly edition: Edition;
  readonly agents: readonly PolicyAgent[];
  readonly routes: readonly PolicyRoute[];
  readonly issuers: readonly IssuerEntry[];
  readonly peers: ReadonlyMap<string, PeerEntry>;
  readonly warnings: readonly SourceFault[];
}

/** A compiled policy. Immutable and pure: the same question has the same answer for as long as it lives. */
export class Policy implements PinnedPolicy {
  readonly file: string;
  /** The file's text, from which `explain` proposes changes. */
  readonly text: string;
  /** SHA-256 of the text, lower-case hex. */
  readonly digest: string;
  readonly mode: Mode;
  readonly trustDomain: string;
  readonly agents: readonly PolicyAgent[];
  readonly routes: readonly PolicyRoute[];
  readonly warnings: readonly SourceFault[];
  readonly issuers: readonly IssuerEntry[];
  /** By name. */
  readonly peers: ReadonlyMap<string, PeerEntry>;
  readonly paths: Paths;
  readonly #byId: ReadonlyMap<string, PolicyAgent>;
  readonly #byName: ReadonlyMap<string, PolicyAgent>;
  readonly #edition: Edition;
  readonly #who: Principals;
  readonly #gate: TokenGate;

  constructor(parts: PolicyParts) {
    this.file = parts.file;
    this.text = parts.text;
    this.digest = parts.digest;
    this.mode = parts.mode;
    this.trustDomain = parts.trustDomain;
    this.agents = parts.agents;
    this.routes = parts.routes;
    this.issuers = parts.issuers;
    this.peers = parts.peers;
    this.warnings = parts.warnings;
    this.paths = new Paths(groupByPath(parts.routes));
    this.#byId = new Map(parts.agents.map((agent) => [agent.spiffeId.toString(), agent]));
    this.#byName = new Map(parts.agents.map((agent) => [agent.name, agent]));
    this.#edition = parts.edition;
    this.#who = new Principals(parts.issuers, this.#byId);
    this.#gate = new TokenGate(this.#who);
  }

  findAgent(id: SpiffeId): PolicyAgent | undefined {
    return this.#byId.get(id.toString());
  }

  agentNamed(name: string): PolicyAgent | undefined {
    return this.#byName.get(name);
  }

  whoIs(principal: Principal): PolicyAgent | undefined {
    return this.#who.whoIs(principal);
  }

  peerNamed(name: string): PeerEntry | undefined {
    return this.peers.get(name);
  }

  route(question: Question): PolicyRoute | Denial {
    const won = this.paths.find(question.path);
    if (won === undefined) return this.#noRoute(question.path);
    const rival = this.paths.rival(question.path, won);
    if (rival !== undefined)
      return denial('AMBIGUOUS_PATH', rival.strictest, {
        nearest: true,
        missing: 'an unambiguous path',
      });
    const route = won.methods.get(question.method);
    if (route !== undefined) return route;
    return denial('METHOD_NOT_ALLOWED', won.strictest, { missing: `method ${question.method}` });
  }

  /** Fails closed: an agent or a route of another policy is nobody's and nothing's here. */
  decide(agent: AgentEntry, route: RouteEntry, authority?: Authority): Decision {
    return this.suppose(agent, route, authority);
  }

  /** What `decide` would say of a token. For questions about tokens that nobody has sent, and for no call. */
  suppose(agent: AgentEntry, route: RouteEntry, token: VerifiedToken | undefined): Decision {
    if (!(agent instanceof PolicyAgent) || agent.edition !== this.#edition)
      return denial('UNKNOWN_AGENT', route, { missing: 'an agent of this policy' });
    if (agent.disabled) return denial('AGENT_DISABLED', route, { missing: 'an enabled agent' });
    if (!(route instanceof PolicyRoute) || route.edition !== this.#edition)
      return denial('NO_ROUTE', undefined, { missing: 'a route' });
    return this.#gate.judge(agent, route, token);
  }

  #noRoute(path: string): Denial {
    const near = this.paths.almost(path) ?? this.paths.nearest(path);
    return denial('NO_ROUTE', near?.strictest, { nearest: near !== undefined, missing: 'a route' });
  }
}
