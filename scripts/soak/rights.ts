import { Timeline } from './timeline.ts';

/** What the policy gives one agent. */
export interface Granted {
  readonly scopes: readonly string[];
  readonly disabled: boolean;
}

/** What one agent may do, in one edition. */
export interface AgentRights extends Granted {
  readonly killed: boolean;
}

/** Everything that decides, as it was last wished. */
export interface Edition {
  readonly agents: ReadonlyMap<string, AgentRights>;
  /** Serials. */
  readonly revoked: ReadonlySet<string>;
}

/** Whose rights are asked for: an agent with one of its certificates. */
export interface Holder {
  readonly agent: string;
  readonly credential: { readonly serial: string };
}

/** What decides about a holder at one moment. */
export interface State {
  /** Undefined if the policy does not know the agent. */
  readonly granted: Granted | undefined;
  readonly killed: boolean;
  readonly revoked: boolean;
}

/**
 * Which rights were in force when. The kill switch, the policy and the revocation list each come into force by themselves:
 * while a change is under way, what is new of the one may meet what is old of the other.
 */
export class Rights {
  #latest: Edition;
  readonly #granted = new Map<string, Timeline<Granted>>();
  readonly #killed = new Map<string, Timeline<boolean>>();
  /** By serial. */
  readonly #revoked = new Map<string, Timeline<boolean>>();

  constructor(first: Edition) {
    this.#latest = first;
    for (const [name, { scopes, disabled, killed }] of first.agents) {
      this.#granted.set(name, new Timeline<Granted>({ scopes, disabled }));
      this.#killed.set(name, new Timeline(killed));
    }
    for (const serial of first.revoked) this.#revoked.set(serial, new Timeline(true));
  }

  get latest(): Edition {
    return this.#latest;
  }

  /** An agent is about to be killed or lifted. What is returned says that it is. */
  kill(name: string, killed: boolean): () => void {
    const { agents, revoked } = this.#latest;
    const rights = agents.get(name);
    const timeline = this.#killed.get(name);
    if (rights === undefined || timeline === undefined) throw new TypeError(`no agent ${name}`);
    this.#latest = { agents: new Map(agents).set(name, { ...rights, killed }), revoked };
    return timeline.begin(killed);
  }

  /** The policy is about to be written. What is returned says that it is in force. */
  grant(wished: ReadonlyMap<string, Granted>): () => void {
    const agents = new Map(this.#latest.agents);
    const sure: (() => void)[] = [];
    for (const [name, before] of this.#latest.agents) {
      const { scopes, disabled } = wished.get(name) ?? before;
      if (scopes === before.scopes && disabled === before.disabled) continue;
      agents.set(name, { ...before, scopes, disabled });
      const timeline = this.#granted.get(name);
      if (timeline !== undefined) sure.push(timeline.begin({ scopes, disabled }));
    }
    this.#latest = { ...this.#latest, agents };
    return all(sure);
  }

  /** The revocation list is about to be written. What is returned says that it is in force. */
  revoke(revoked: ReadonlySet<string>): () => void {
    const before = this.#latest.revoked;
    this.#latest = { ...this.#latest, revoked };
    const changed = [...before, ...revoked].filter((one) => before.has(one) !== revoked.has(one));
    return all(
      changed.map((serial) => {
        const timeline = this.#revoked.get(serial) ?? new Timeline(false);
        this.#revoked.set(serial, timeline);
        return timeline.begin(revoked.has(serial));
      }),
    );
  }

  /** Every state that may have decided about something at some moment between these, both included. */
  possible(holder: Holder, from: number, until: number): State[] {
    const moments = [from, ...this.#turns(holder, from, until)];
    return moments.flatMap((moment) => this.#states(holder, (timeline) => timeline.at(moment)));
  }

  /** The first moment, not before `from`, from which on for a while nothing but what `denies` can have been in force. */
  endedAt(holder: Holder, from: number, denies: (state: State) => boolean): number | undefined {
    const moments = [from, ...this.#turns(holder, from, Infinity).toSorted((a, b) => a - b)];
    return moments.find((moment) =>
      this.#states(holder, (timeline) => timeline.after(moment)).every(denies),
    );
  }

  #states(holder: Holder, read: <T>(timeline: Timeline<T>) => readonly T[]): State[] {
    const { granted, killed, revoked } = this.#timelines(holder);
    const grants = granted === undefined ? [undefined] : read(granted);
    const kills = killed === undefined ? [false] : read(killed);
    const revocations = revoked === undefined ? [false] : read(revoked);
    return grants.flatMap((grant) =>
      kills.flatMap((kill) =>
        revocations.map((revocation) => ({ granted: grant, killed: kill, revoked: revocation })),
      ),
    );
  }

  #turns(holder: Holder, from: number, until: number): number[] {
    return Object.values(this.#timelines(holder)).flatMap(
      (timeline) => timeline?.turns(from, until) ?? [],
    );
  }

  #timelines({ agent, credential }: Holder) {
    return {
      granted: this.#granted.get(agent),
      killed: this.#killed.get(agent),
      revoked: this.#revoked.get(credential.serial),
    };
  }
}

function all(sure: readonly (() => void)[]): () => void {
  return () => sure.forEach((one) => one());
}
