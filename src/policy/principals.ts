import type { IssuerEntry, Principal } from '../call/index.ts';
import type { PolicyAgent } from './entry.ts';

interface Known {
  readonly entry: IssuerEntry;
  readonly clients: ReadonlyMap<string, PolicyAgent>;
}

/** Whom the listed issuers mean by what they call somebody. The same name from two issuers is two people. */
export class Principals {
  readonly #byIssuer: ReadonlyMap<string, Known>;
  readonly #byId: ReadonlyMap<string, PolicyAgent>;

  /** `byId`: the agents by their SPIFFE ID. */
  constructor(issuers: readonly IssuerEntry[], byId: ReadonlyMap<string, PolicyAgent>) {
    const agents = [...byId.values()];
    this.#byIssuer = new Map(issuers.map((entry) => [entry.issuer, known(entry, agents)]));
    this.#byId = byId;
  }

  /** By `iss`. */
  issuerOf(issuer: string): IssuerEntry | undefined {
    return this.#byIssuer.get(issuer)?.entry;
  }

  /** By the SPIFFE ID that a listed issuer says, or by what `clients` say of its names; anybody else is no agent. */
  whoIs({ issuer, subject }: Principal): PolicyAgent | undefined {
    const found = this.#byIssuer.get(issuer);
    return found && (this.#byId.get(subject) ?? found.clients.get(subject));
  }

  /** Asked of the entry in force, whichever one the token was verified by. */
  narrows({ issuer }: IssuerEntry): boolean {
    return this.issuerOf(issuer)?.narrows === true;
  }

  /** One agent under two names is one. */
  same(one: Principal, other: Principal): boolean {
    const agent = this.whoIs(one);
    if (agent !== undefined) return agent === this.whoIs(other);
    return one.issuer === other.issuer && one.subject === other.subject;
  }

  /** For the operator: an agent's name, or the issuer's name and the subject. */
  nameOf(principal: Principal): string {
    const { issuer, subject } = principal;
    return this.whoIs(principal)?.name ?? `${this.issuerOf(issuer)?.name ?? issuer}/${subject}`;
  }
}

function known(entry: IssuerEntry, agents: readonly PolicyAgent[]): Known {
  const clients = agents.flatMap((agent) =>
    (agent.clients.get(entry.name) ?? []).map((client) => [client, agent] as const),
  );
  return { entry, clients: new Map(clients) };
}
