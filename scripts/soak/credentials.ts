import { Agent } from 'node:https';
import { throwawayCa, type Credential, type ThrowawayCa } from '../../test/support/pki.ts';

export const TRUST_DOMAIN = 'soak.test';
const SECOND = 1000;
const SERVER_LIFE = 20_000;

/** A certificate in use, with the connections that are kept for it. */
export interface Pass {
  readonly agent: string;
  readonly credential: Credential;
  /** Milliseconds since the epoch, as the certificate says it: whole seconds. */
  readonly notAfter: number;
  readonly connections: Agent;
  /** The code that a certificate like this is refused with, whatever the policy says. */
  readonly refusedAs?: string;
}

/** The CA of a soak, and what it gives out. */
export class Passes {
  readonly ca: ThrowawayCa = throwawayCa({ trustDomain: TRUST_DOMAIN });
  readonly #stranger = throwawayCa({ trustDomain: TRUST_DOMAIN });
  readonly #current = new Map<string, Pass>();
  readonly #life: number;
  readonly #connections = new Set<Agent>();
  #dropped: Pass | undefined;
  renewed = 0;

  constructor(life: number) {
    this.#life = life;
  }

  /** The agent's certificate, renewed when half of its life is over. */
  of(agent: string): Pass {
    const known = this.#current.get(agent);
    if (known !== undefined && known.notAfter - Date.now() > this.#life / 2) return known;
    if (known !== undefined) this.#retire(known);
    const fresh = this.issue(agent, this.#life);
    this.#connections.add(fresh.connections);
    this.#current.set(agent, fresh);
    this.renewed += 1;
    return fresh;
  }

  issue(agent: string, life: number): Pass {
    return passOf(this.ca, agent, life);
  }

  /** The one that was dropped last. */
  get dropped(): Pass | undefined {
    return this.#dropped;
  }

  /** One that nobody vouches for. */
  foreign(agent: string): Pass {
    return { ...passOf(this.#stranger, agent, this.#life), refusedAs: 'UNTRUSTED_CERTIFICATE' };
  }

  /** Without any. */
  none(agent: string): Pass {
    const none = { chainPem: '', keyPem: '' };
    const { credential, ...rest } = passOf(this.#stranger, agent, this.#life);
    return { ...rest, credential: { ...credential, ...none }, refusedAs: 'NO_CERTIFICATE' };
  }

  /** After a revocation the agent needs another one. */
  drop(agent: string): void {
    const known = this.#current.get(agent);
    if (known !== undefined) this.#retire(known);
    this.#dropped = known;
    this.#current.delete(agent);
  }

  server(): Credential {
    const notAfter = Date.now() + SERVER_LIFE;
    const id = `spiffe://${TRUST_DOMAIN}/agent/invoices`;
    return this.ca.issue({ id, dns: ['localhost'], ip: ['127.0.0.1'], notAfter });
  }

  close(): void {
    for (const connections of this.#connections) connections.destroy();
  }

  /** Its calls under way may end; connections that wait go at once, the others after their call. */
  #retire({ connections }: Pass): void {
    Object.assign(connections, { keepAlive: false });
    for (const socket of Object.values(connections.freeSockets).flat()) socket?.destroy();
    this.#connections.delete(connections);
  }
}

function passOf(ca: ThrowawayCa, agent: string, life: number): Pass {
  const notAfter = Math.floor((Date.now() + life) / SECOND) * SECOND;
  const credential = ca.issue({ id: `spiffe://${TRUST_DOMAIN}/agent/${agent}`, notAfter });
  const connections = new Agent({ keepAlive: true, maxSockets: 4, timeout: 60_000 });
  return { agent, credential, notAfter, connections };
}
