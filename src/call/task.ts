/** Work that goes on after the call that it came with was answered. */
export interface Task {
  /** The agent's own name of it. */
  readonly name: string;
  /** ID of the grant that is exchanged in place of a token. No secret: the token service takes it from this agent alone. */
  readonly grant: string;
  /** SPIFFE IDs of the peers that may be called because of it, and no others. */
  readonly audiences: readonly string[];
}
