import { createHash } from 'node:crypto';
import type { Server } from 'node:net';
import type { FailureCode, VerifiedPeer } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import {
  OperatorFault,
  Reloadable,
  placeOf,
  renderListen,
  type Clock,
  type Listen,
} from '../lib/index.ts';
import { routeMode, type Policy } from '../policy/index.ts';
import { InboundDoor, stillPermitted, type Self } from '../proxy/index.ts';
import { bind } from '../status/index.ts';
import { createLimits } from '../state/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import {
  loadIdentity,
  loadTrust,
  createTlsServer,
  stillTrusted,
  type Identity,
  type Trust,
} from '../tls/index.ts';
import { createUpstream, showTarget, type Upstream } from '../upstream/index.ts';
import { readPolicy } from './parts.ts';

const REVIEW_EVERY = 1000;
const SHADOW = 'mode is shadow: what the policy denies is recorded and let through';

/** The way in: what it needs, loaded whole, and the door that uses it. */
export class Inbound {
  readonly policy: Reloadable<Policy>;
  readonly #config: Config;
  readonly #now: Clock;
  readonly #telemetry: Telemetry;
  readonly #identity: Reloadable<Identity>;
  readonly #trust: Reloadable<Trust>;
  readonly #self: Reloadable<Self>;
  readonly #upstream: Upstream;
  readonly #door: InboundDoor;
  readonly #reviewer: NodeJS.Timeout;
  #server: Server | undefined;
  #draining = false;

  /** @throws OperatorFault or SourceFaults: what cannot be loaded, and the remedy */
  constructor(config: Config, telemetry: Telemetry, now: Clock) {
    this.#config = config;
    this.#now = now;
    this.#telemetry = telemetry;
    this.#identity = new Reloadable(loadIdentity(config.identity, now()));
    this.#trust = new Reloadable(loadTrust(config.trust, now()));
    this.policy = new Reloadable(readPolicy(config, now));
    const { inbound, limits } = config;
    this.#upstream = createUpstream({
      target: inbound.upstream,
      headersTimeout: inbound.answerTimeout,
      maxConnections: limits.connections,
    });
    this.#self = new Reloadable(selfOf(this.#identity.current, this.#upstream.authority));
    this.#identity.onSwap((identity) => {
      this.#self.swap(selfOf(identity, this.#upstream.authority));
    });
    this.#door = new InboundDoor(this.#hall(), limits);
    this.#reviewer = setInterval(() => this.#review(), REVIEW_EVERY).unref();
    for (const what of ['identity', 'trust', 'policy'] as const) this.#inForce(what, true);
  }

  /** @throws OperatorFault if the address cannot be had */
  async listen(): Promise<Listen> {
    const { emit } = this.#telemetry;
    this.#server = createTlsServer({
      minTls: this.#config.inbound.minTls,
      handshakes: this.#config.limits.handshakes,
      identity: this.#identity,
      trust: this.#trust,
      now: this.#now,
      events: {
        onPeer: (socket, peer) => {
          emit({ kind: 'handshake', result: 'OK' });
          this.#door.accept(socket, peer);
        },
        onRefused: (socket, refused) => {
          emit({ kind: 'handshake', result: refused.code });
          this.#door.refuse(socket, refused);
        },
        onHandshakeFailed: (failed) => {
          emit({ kind: 'handshake', result: failed.code });
          this.#door.recordRefused(failed);
        },
      },
    });
    const use = { what: 'the inbound door', setting: 'inbound.listen' };
    return bind(this.#server, this.#config.inbound.listen, use);
  }

  /** What runs, for the log. */
  summary(address: Listen): string {
    const { agents, routes, mode } = this.policy.current;
    const names = `${agents.length} agents, ${routes.length} routes, ${mode}`;
    const to = showTarget(this.#upstream.target);
    return `takes calls on https://${renderListen(address)} for the agent at ${to} (${names})`;
  }

  /** Codes of what keeps calls from being taken. */
  readiness(): readonly FailureCode[] {
    const now = this.#now();
    const reasons: FailureCode[] = [];
    if (this.#server === undefined) reasons.push('NOT_READY');
    if (this.#draining) reasons.push('DRAINING');
    if (now >= this.#identity.current.notAfter) reasons.push('CERTIFICATE_EXPIRED');
    if (!this.#telemetry.mayRecord()) reasons.push('AUDIT_FULL');
    return reasons;
  }

  /** Reads one of them anew; what cannot be built whole leaves the old one in force, and everybody is told. */
  reload(what: Loaded): Reloaded {
    try {
      this.#load(what);
      this.#inForce(what, false);
      this.#review();
      return { what, ok: true };
    } catch (error) {
      const why = error instanceof OperatorFault ? error.message : 'an unforeseen fault';
      this.#telemetry.emit({ kind: 'reload', what, first: false, result: { ok: false, why } });
      return { what, ok: false, why };
    }
  }

  /** Whether the certificate and the key on disk could be taken now. */
  identityFits(): boolean {
    try {
      loadIdentity(this.#config.identity, this.#now());
      return true;
    } catch {
      return false;
    }
  }

  #load(what: Loaded): void {
    const { identity, trust } = this.#config;
    const now = this.#now();
    if (what === 'identity') this.#identity.swap(loadIdentity(identity, now));
    else if (what === 'trust') this.#trust.swap(loadTrust(trust, now, this.#trust.current));
    else this.policy.swap(readPolicy(this.#config, this.#now));
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

  async close(): Promise<void> {
    clearInterval(this.#reviewer);
    this.#server?.close();
    this.#door.close();
    await this.#upstream.destroy(new Error('the sidecar is closing'));
  }

  #hall() {
    const limits = createLimits(() => performance.now());
    return {
      now: this.#now,
      emit: this.#telemetry.emit,
      policy: this.policy,
      self: this.#self,
      stillTrusted: this.#stillTrusted,
      closedFor: (): FailureCode | undefined =>
        this.#telemetry.mayRecord() ? undefined : 'AUDIT_FULL',
      admit: limits.admit.bind(limits),
      send: this.#upstream.send.bind(this.#upstream),
    };
  }

  readonly #stillTrusted = (peer: VerifiedPeer): FailureCode | undefined =>
    stillTrusted(peer, this.#trust.current, this.#now());

  #review(): void {
    const trust = { stillTrusted: this.#stillTrusted, now: this.#now };
    this.#door.live.review((call) => stillPermitted(call, this.policy.current, trust));
  }

  #inForce(what: Loaded, first: boolean): void {
    const result = { ok: true, ...this.#facts(what) } as const;
    this.#telemetry.emit({ kind: 'reload', what, first, result });
    for (const message of this.#warnings(what))
      this.#telemetry.emit({ kind: 'log', level: 'warn', message });
  }

  #warnings(what: Loaded): readonly string[] {
    if (what === 'trust') return this.#trust.current.warnings;
    if (what === 'identity') return [];
    const { warnings, mode } = this.policy.current;
    const told = warnings.map((warning) => `${placeOf(warning)}: ${warning.message}`);
    return mode === 'enforce' ? told : [...told, SHADOW];
  }

  #facts(what: Loaded): { digest: string; shadowRoutes: number } | { notAfter: number } | object {
    if (what === 'identity') return { notAfter: this.#identity.current.notAfter };
    if (what === 'trust') return {};
    const { digest, routes } = this.policy.current;
    const now = this.#now();
    const shadowRoutes = routes.filter((route) => routeMode(route, now) === 'shadow').length;
    return { digest, shadowRoutes };
  }
}

export type Loaded = 'identity' | 'trust' | 'policy';

export interface Reloaded {
  readonly what: Loaded;
  readonly ok: boolean;
  readonly why?: string;
}

/** Our name in `Via` is made from our ID, so that a loop is noticed and the ID is not told. */
function selfOf(identity: Identity, authority: string): Self {
  const spiffeId = identity.spiffeId.toString();
  const hash = createHash('sha256').update(spiffeId).digest('hex');
  return { spiffeId, pseudonym: `sidegate-${hash.slice(0, 8)}`, authority };
}
