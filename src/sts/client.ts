import type { Principal } from '../call/index.ts';

/** An agent of the policy, as the token service knows it: its SPIFFE ID is its client ID. */
export interface Client {
  readonly name: string;
  readonly spiffeId: string;
  readonly disabled: boolean;
  /** SPIFFE IDs of those for whom it may have tokens. */
  readonly audiences: readonly string[];
  /** Whether it is granted that scope. */
  covers(scope: string): boolean;
}

/** One policy, as the token service asks it. The same question has the same answer for as long as it lives. */
export interface Registry {
  withId(spiffeId: string): Client | undefined;
  /** The agent that a listed issuer calls so. */
  whoIs(principal: Principal): Client | undefined;
}
