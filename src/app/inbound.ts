import { createHash } from 'node:crypto';
import type { Server } from 'node:net';
import type { FailureCode, VerifiedPeer } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import { Reloadable, renderListen, type Clock, type Listen } from '../lib/index.ts';
import {
  InboundDoor,
  SeenTokens,
  stillPermitted,
  type Resource,
  type Self,
  type TaskDesk,
} from '../proxy/index.ts';
import { bind } from '../status/index.ts';
import { RefusalPace, createLimits, type Contexts, type KillSwitch } from '../state/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { createTlsServer, stillTrusted, type Identity } from '../tls/index.ts';
import { PROOF_ALGORITHMS, type TokenVerifier } from '../token/index.ts';
import { createUpstream, showTarget, type Upstream } from '../upstream/index.ts';
import { ClockWatch } from './clock-watch.ts';
import type { Vitals } from './dependencies.ts';
import { ExpiryNotice } from './expiry-notice.ts';
import { Health } from './health.ts';
import { Reach, type ServiceReach } from './reach.ts';
import { Sources, type Loaded, type Reloaded } from './sources.ts';
import { createTokens } from './tokens.ts';

const REVIEW_EVERY = 1000;

/** What the way in is made of. */
export interface InboundParts {
  readonly config: Config;
  readonly telemetry: Telemetry;
  readonly killSwitch: KillSwitch;
  readonly now: Clock;
  /** Of the calls under way, for the outbound door; undefined where there is none. */
  readonly contexts?: Contexts | undefined;
  /** Work that goes on after its call; undefined where there is no outbound door. */
  readonly tasks?: TaskDesk | undefined;
  /** Asked for the health; undefined where no tokens are had. */
  readonly tokenService?: ServiceReach | undefined;
}

/** The way in: what it needs, loaded whole, and the door that uses it. */
export class Inbound {
  readonly sources: Sources;
  readonly #config: Config;
  readonly #now: Clock;
  readonly #telemetry: Telemetry;
  readonly #isKilled: (agent: string) => boolean;
  readonly #contexts: Contexts | undefined;
  readonly #tasks: TaskDesk | undefined;
  readonly #tokenService: ServiceReach | undefined;
  readonly #tokens: TokenVerifier;
  readonly #expiry: ExpiryNotice;
  readonly #self: Reloadable<Self>;
  readonly #upstream: Upstream;
  readonly #reach: Reach;
  readonly #health: Health;
  readonly #clock: ClockWatch;
  readonly #door: InboundDoor;
  readonly #reviewer: NodeJS.Timeout;
  #server: Server | undefined;
  #draining = false;
  #broken = false;

  /** @throws OperatorFault or SourceFaults: what cannot be loaded, and the remedy */
  constructor(parts: InboundParts) {
    const { config, telemetry, killSwitch, now, contexts, tokenService } = parts;
    this.#config = config;
    this.#now = now;
    this.#telemetry = telemetry;
    this.#isKilled = killSwitch.has.bind(killSwitch);
    this.#contexts = contexts;
    this.#tasks = parts.tasks;
    this.#tokenService = tokenService;
    this.sources = new Sources(config, telemetry.emit, now);
    this.#expiry = new ExpiryNotice(config.identity.cert, telemetry.emit);
    const { identity, trust } = this.sources;
    this.#tokens = createTokens({ config, emit: telemetry.emit, now, identity, trust });
    const { inbound, limits } = config;
    this.#upstream = createUpstream({
      target: inbound.upstream,
      headersTimeout: inbound.answerTimeout,
      maxConnections: limits.calls,
    });
    this.#self = new Reloadable(selfOf(identity.current, this.#upstream.authority));
    identity.onSwap((next) => this.#self.swap(selfOf(next, this.#upstream.authority)));
    this.#reach = new Reach(this.#upstream);
    this.#health = new Health(() => this.#vitals(), telemetry.emit);
    this.#clock = new ClockWatch(now, telemetry.emit);
    this.#door = new InboundDoor(this.#hall(), limits);
    this.#health.look();
    this.#reviewer = setInterval(() => this.review(), REVIEW_EVERY).unref();
  }

  /** @throws OperatorFault if the address cannot be had */
  async listen(): Promise<Listen> {
    const { emit } = this.#telemetry;
    this.#server = createTlsServer({
      minTls: this.#config.inbound.minTls,
      handshakes: this.#config.limits.handshakes,
      handshakesPerAddress: this.#config.limits.handshakesPerAddress,
      handshakeRate: this.#config.limits.handshakeRate,
      identity: this.sources.identity,
      trust: this.sources.trust,
      now: this.#now,
      events: {
        onPeer: (socket, peer) => {
          emit({ kind: 'handshake', result: 'OK' });
          this.#door.accept(socket, peer);
        },
        onRefused: (socket, refused) => {
          emit({ kind: 'handshake', result: refused.code });
          this.#door.refusals.tell(socket, refused);
        },
        onHandshakeFailed: (failed) => {
          emit({ kind: 'handshake', result: failed.code });
          this.#door.refusals.record(failed);
        },
      },
    });
    const use = { what: 'the inbound door', setting: 'inbound.listen' };
    return bind(this.#server, this.#config.inbound.listen, use);
  }

  /** What runs, for the log. */
  summary(address: Listen): string {
    const { agents, routes, mode } = this.sources.policy.current;
    const names = `${agents.length} agents, ${routes.length} routes, ${mode}`;
    const to = showTarget(this.#upstream.target);
    return `takes calls on https://${renderListen(address)} for the agent at ${to} (${names})`;
  }

  /** Codes of what keeps calls from being taken. */
  readiness(): readonly FailureCode[] {
    const reasons: FailureCode[] = [];
    if (this.#server === undefined) reasons.push('NOT_READY');
    if (this.#draining) reasons.push('DRAINING');
    return [...reasons, ...this.#health.reasons()];
  }

  /** Names of dependencies that are not as they must be, though calls are taken. */
  degraded(): readonly string[] {
    return this.#health.degraded();
  }

  /** Reads one of them anew; what cannot be built whole leaves the old one in force, and everybody is told. */
  reload(what: Loaded): Reloaded {
    const reloaded = this.sources.reload(what);
    if (reloaded.ok) this.#tokens.clear();
    if (reloaded.ok) this.review();
    else this.#health.look();
    return reloaded;
  }

  /** Has the keys of issuers looked at again: one may have been taken back. */
  lookAtKeys(): void {
    void this.#tokens.refresh(this.sources.policy.current.issuers);
  }

  /** Asks about every open call anew; gives the number of those that were cut. */
  review(): number {
    const { trust, policy } = this.sources;
    // What was refused for its dates may be right by the new time.
    if (this.#clock.look()) for (const what of [...this.sources.refused]) this.sources.reload(what);
    this.#contexts?.sweep();
    this.#health.look();
    this.#expiry.look(this.sources.identity.current, this.#now());
    const stillTrustedNow = (peer: VerifiedPeer) => stillTrusted(peer, trust.current, this.#now());
    const asked = { stillTrusted: stillTrustedNow, isKilled: this.#isKilled, now: this.#now };
    return this.#door.review((call) => stillPermitted(call, policy.current, asked));
  }

  /** Refuses new connections and calls, waits for open ones, cuts what outlasts `limits.drain`. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#server?.close();
    await this.#door.drain(this.#config.limits.drain);
  }

  cut(): void {
    this.#door.live.cutAll('CUT');
  }

  /** From this moment on nobody gets in and nothing goes on. Resolves when every open call has come to its end. */
  async breakOff(): Promise<void> {
    this.#broken = true;
    this.#server?.close();
    this.cut();
    this.#door.close();
    await this.#door.live.empty();
  }

  async close(): Promise<void> {
    clearInterval(this.#reviewer);
    this.#server?.close();
    this.#door.close();
    this.#tokens.close();
    this.#contexts?.clear();
    await this.#upstream.destroy(new Error('the sidecar is closing'));
  }

  #vitals(): Vitals {
    const { identity, trust, policy, refused } = this.sources;
    const lost = this.#telemetry.mayRecord() ? 'losing' : 'refusing';
    return {
      now: this.#now(),
      identity: identity.current,
      trust: trust.current,
      refused,
      audit: this.#telemetry.isRecording() ? 'recording' : lost,
      agentReached: this.#reach.reached,
      issuers: this.#tokens.health(policy.current.issuers),
      tokenServiceReached: this.#config.tokenService && this.#tokenService?.reached,
      full: this.#door.live.full,
    };
  }

  #hall() {
    const { trust, policy } = this.sources;
    const limits = createLimits(() => performance.now());
    const refusals = new RefusalPace(this.#config.limits.refusalRate, () => performance.now());
    return {
      now: this.#now,
      emit: this.#telemetry.emit,
      policy,
      self: this.#self,
      stillTrusted: (peer: VerifiedPeer) => stillTrusted(peer, trust.current, this.#now()),
      isKilled: this.#isKilled,
      closedFor: (): FailureCode | undefined => {
        if (this.#broken) return 'NOT_READY';
        return this.#telemetry.mayRecord() ? undefined : 'AUDIT_FULL';
      },
      sample: this.#telemetry.sample,
      seenTokens: new SeenTokens(),
      verify: this.#tokens.verify,
      resource: resourceOf(this.#config),
      contexts: this.#contexts,
      tasks: this.#tasks,
      admit: limits.admit.bind(limits),
      refusalWait: refusals.wait.bind(refusals),
      send: this.#reach.send,
    };
  }
}

/** Our name in `Via` is made from our ID, so that a loop is noticed and the ID is not told. */
function selfOf(identity: Identity, authority: string): Self {
  const spiffeId = identity.spiffeId.toString();
  const hash = createHash('sha256').update(spiffeId).digest('hex');
  return { spiffeId, pseudonym: `sidegate-${hash.slice(0, 8)}`, authority };
}

/** Undefined where the configuration does not say how callers reach us. */
function resourceOf({ inbound, development }: Config): Resource | undefined {
  if (inbound.publicUrl === undefined) return undefined;
  return { url: inbound.publicUrl, proofAlgorithms: PROOF_ALGORITHMS, development };
}
