import type { FailureCode, Mode, RouteEntry } from '../call/index.ts';
import type { SourcePosition } from '../lib/index.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';
import type { Change } from './propose.ts';
import type { Ask } from './verdict.ts';

/** Why the policy says what it says of a call. */
export interface Explanation {
  readonly ask: Ask;
  readonly allowed: boolean;
  readonly code: FailureCode | 'OK';
  readonly agent: PolicyAgent | undefined;
  /** The route that decided; where none matched, the nearest one. */
  readonly rule: RouteEntry | undefined;
  readonly nearest: boolean;
  /** How strictly a denial is held here; shadow lets the call pass and records it. */
  readonly mode: Mode;
  readonly file: string;
  /** Where the policy says so: the rule, or the agent if that decided. */
  readonly at: SourcePosition | undefined;
  /** Routes whose path matches too, and that lost to a more specific one. */
  readonly lost: readonly PolicyRoute[];
  /** The route that the path would belong to but for letter case or one slash at its end. */
  readonly almost: PolicyRoute | undefined;
  readonly required: readonly string[];
  readonly held: readonly string[];
  readonly missing: string;
  readonly missingScopes: readonly string[];
  /** Whose scope was missing, or who was refused, where a token is asked about: an agent's name, or `issuer/subject`. */
  readonly whose: string | undefined;
  /** The agent whose name is nearly the one asked for. */
  readonly meant: string | undefined;
  /** What would allow the call. */
  readonly change: Change | undefined;
  readonly sentences: readonly string[];
}
