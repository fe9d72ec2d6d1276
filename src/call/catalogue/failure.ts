/** The gate that a refusal happened at; what comes before authorization is never softened by shadow mode. */
export type Stage = 'identity' | 'authentication' | 'authorization' | 'request' | 'upstream';

/** Whose fault it is: the caller's, the peer's behind us, or ours (and our operator's). */
export type Blame = 'caller' | 'peer' | 'us';

export interface Failure {
  readonly stage: Stage;
  /** The HTTP status of the answer; 0 where there is nobody left to answer. */
  readonly status: number;
  readonly blame: Blame;
  /** Whether shadow mode forwards the call all the same, and only records the denial. */
  readonly softened: boolean;
  /** What the caller is told. Names no rule, agent, version or way round. */
  readonly caller: string;
  /** What the operator is told. */
  readonly operator: string;
  readonly remedy: string;
}

/** What the failures of a kind have in common. */
export const identity = {
  stage: 'identity',
  status: 401,
  blame: 'caller',
  softened: false,
} as const;
export const authentication = { ...identity, stage: 'authentication' } as const;
export const authorization = {
  stage: 'authorization',
  status: 403,
  blame: 'caller',
  softened: true,
} as const;
export const request = { stage: 'request', status: 400, blame: 'caller', softened: false } as const;
export const ours = { stage: 'request', status: 503, blame: 'us', softened: false } as const;
export const upstream = { stage: 'upstream', status: 502, blame: 'peer', softened: false } as const;
