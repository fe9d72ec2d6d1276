import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { Refusal, type FailureCode, type OutboundSelf, type VerifiedPeer } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import { readPrivateText } from '../files/index.ts';
import { OperatorFault, Secret, renderListen, type Clock, type Listen } from '../lib/index.ts';
import { OutboundDoor, type OutboundHall } from '../proxy/index.ts';
import type { Contexts, KillSwitch } from '../state/index.ts';
import { bind } from '../status/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { createDialer, stillTrusted } from '../tls/index.ts';
import type { OutboundTasks } from './outbound-tasks.ts';
import { Ways } from './outbound-ways.ts';
import type { ServiceReach } from './reach.ts';
import type { Sources } from './sources.ts';

const REVIEW_EVERY = 1000;
/** Milliseconds for giving back the grants of work that ends with this process. */
const LEAVE_WITHIN = 5000;
const SHORTEST_SECRET = 32;

/** What the way out is made of. */
export interface OutboundParts {
  readonly config: Pick<Config, 'tokenService' | 'limits'>;
  readonly section: NonNullable<Config['outbound']>;
  readonly sources: Pick<Sources, 'identity' | 'trust' | 'policy'>;
  readonly contexts: Contexts;
  readonly tasks: OutboundTasks;
  readonly tokenService: ServiceReach;
  readonly telemetry: Telemetry;
  readonly killSwitch: KillSwitch;
  readonly now: Clock;
}

/** The way out: where our agent makes its calls, and the door that decides about them. */
export class Outbound {
  readonly #parts: OutboundParts;
  readonly #ways: Ways;
  readonly #door: OutboundDoor;
  readonly #reviewer: NodeJS.Timeout;
  #server: Server | undefined;
  #address: Listen | undefined;
  #broken = false;

  /** @throws OperatorFault if the secret cannot be used */
  constructor(parts: OutboundParts) {
    this.#parts = parts;
    const { section, sources, config, now } = parts;
    const { identity, trust, policy } = sources;
    const { calls, secret } = section;
    const { tokenService, limits } = config;
    const dialer = createDialer({ trust: () => trust.current, now });
    const stillGood = (peer: VerifiedPeer): Refusal | undefined => {
      const code = this.#stillTrusted(peer);
      return code === undefined ? undefined : new Refusal('PEER_UNTRUSTED', code);
    };
    const service = { tokenService, reach: parts.tokenService };
    this.#ways = new Ways({ identity, trust, ...service, dialer, stillGood, calls, now });
    parts.tasks.use(() => this.#ways.service);
    this.#door = new OutboundDoor(this.#hall(readSecret(secret)), { ...limits, calls });
    for (const source of [trust, policy]) source.onSwap(() => this.review());
    this.#reviewer = setInterval(() => this.review(), REVIEW_EVERY).unref();
  }

  /** @throws OperatorFault if the address cannot be had */
  async listen(): Promise<Listen> {
    const options = { allowHalfOpen: true, noDelay: true };
    this.#server = createServer(options, (socket) => this.#door.accept(socket));
    const use = { what: 'the outbound door', setting: 'outbound.listen' };
    this.#address = await bind(this.#server, this.#parts.section.listen, use);
    return this.#address;
  }

  /** What runs, for the log. */
  summary(address: Listen): string {
    const { peers } = this.#parts.sources.policy.current;
    const names =
      peers.size === 0 ? 'nobody: the policy names no peers' : [...peers.keys()].join(', ');
    return `takes calls of the agent on ${renderListen(address)}, to ${names}`;
  }

  /** Asks about every open call anew; gives the number of those that were cut. */
  review(): number {
    const { policy } = this.#parts.sources;
    this.#ways.prune((name) => policy.current.peerNamed(name));
    void this.#parts.tasks.tell();
    return this.#door.review();
  }

  /** Waits for open calls, at most so many milliseconds, and cuts the rest. */
  async drain(within: number): Promise<void> {
    this.#server?.close();
    await this.#door.drain(within);
    await this.#parts.tasks.leave(LEAVE_WITHIN);
  }

  cut(): void {
    this.#door.cut();
  }

  /** From this moment on nothing goes out. Resolves when every open call has come to its end. */
  async breakOff(): Promise<void> {
    this.#broken = true;
    this.#server?.close();
    await this.#door.breakOff();
  }

  close(): void {
    clearInterval(this.#reviewer);
    this.#server?.close();
    this.#door.close();
    this.#ways.close();
  }

  #hall(secret: Secret | undefined): OutboundHall {
    const { now, telemetry, sources, contexts, tasks, killSwitch } = this.#parts;
    const { policy, identity } = sources;
    return {
      now,
      emit: telemetry.emit,
      policy,
      self: () => this.#self(),
      pseudonym: () => pseudonymOf(identity.current.spiffeId.toString()),
      secret,
      port: () => (this.#address?.kind === 'tcp' ? this.#address.port : undefined),
      closedFor: (): FailureCode | undefined => {
        if (this.#broken) return 'NOT_READY';
        return telemetry.mayRecord() ? undefined : 'AUDIT_FULL';
      },
      findContext: (handle) => contexts.find(handle),
      endTask: tasks.end,
      breakOffTask: tasks.breakOff,
      isEnabled: (agent) => policy.current.agentNamed(agent)?.disabled === false,
      isKilled: (agent) => killSwitch.has(agent),
      stillTrusted: (peer) => this.#stillTrusted(peer),
      wayTo: this.#ways.to,
    };
  }

  #self(): OutboundSelf {
    const { identity, policy } = this.#parts.sources;
    const { spiffeId, serial, sha256 } = identity.current;
    const agent = policy.current.findAgent(spiffeId)?.name;
    return { agent, spiffeId: spiffeId.toString(), serial, sha256 };
  }

  #stillTrusted(peer: VerifiedPeer): FailureCode | undefined {
    return stillTrusted(peer, this.#parts.sources.trust.current, this.#parts.now());
  }
}

/** Made from our ID, so that a loop is noticed and the ID is not told. */
function pseudonymOf(spiffeId: string): string {
  const hash = createHash('sha256').update(spiffeId).digest('hex');
  return `sidegate-${hash.slice(0, 8)}-out`;
}

/** @throws OperatorFault */
function readSecret(file: string | undefined): Secret | undefined {
  if (file === undefined) return undefined;
  const use = { what: 'the secret of the outbound door', ifMissing: MAKE_SECRET };
  const text = readPrivateText(file, use).replace(/\r?\n$/, '');
  if (/^[\x21-\x7e]+$/.test(text) && text.length >= SHORTEST_SECRET) return new Secret(text);
  throw new OperatorFault(
    `${use.what} ${file} is not ${SHORTEST_SECRET} or more printable characters on one line`,
    MAKE_SECRET,
  );
}

const MAKE_SECRET = 'Make one: (umask 077 && openssl rand -base64 32 > FILE).';
