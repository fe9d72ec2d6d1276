import type { FailureCode } from '../call/index.ts';
import { readShape, readYaml, type SourcePosition } from '../lib/index.ts';
import type { AskedToken } from './asked-token.ts';
import { casesShape, type Expectation } from './cases-shape.ts';
import type { Policy } from './policy.ts';
import { judge } from './verdict.ts';

/** One line of a policy's test. */
export interface PolicyCase {
  readonly as: string;
  readonly method: string;
  /** As the caller would send it, perhaps with a query. */
  readonly target: string;
  readonly token: AskedToken | undefined;
  readonly expect: Expectation;
  readonly at: SourcePosition;
}

export interface CaseResult {
  readonly case: PolicyCase;
  readonly passed: boolean;
  readonly actual: FailureCode | 'allow';
}

/** How the door reads a request target: what it means, or why it is refused. */
export type ReadTarget = (
  target: string,
) => { readonly meaning: string } | { readonly fault: string };

/**
 * Reads a policy.test.yaml.
 *
 * @throws SourceFaults with every fault of the file
 */
export function loadCases(text: string, file: string): readonly PolicyCase[] {
  const source = readYaml(text, file);
  return readShape(source, casesShape).cases.map(({ as, call, token, expect }, index) => {
    const blank = call.indexOf(' ');
    const at = source.valueAt(['cases', index]);
    return { as, method: call.slice(0, blank), target: call.slice(blank + 1), token, expect, at };
  });
}

/** Asks the policy every case. Only the very code that was expected passes: another refusal is a failure too. */
export function runCases(
  policy: Policy,
  cases: readonly PolicyCase[],
  readTarget: ReadTarget,
): readonly CaseResult[] {
  return cases.map((one) => {
    const actual = answer(policy, one, readTarget);
    return { case: one, passed: actual === one.expect, actual };
  });
}

function answer(
  policy: Policy,
  { as, method, target, token }: PolicyCase,
  readTarget: ReadTarget,
): CaseResult['actual'] {
  const read = readTarget(target);
  if ('fault' in read) return 'MALFORMED_REQUEST';
  const { code } = judge(policy, { as, method, path: read.meaning, token });
  return code === 'OK' ? 'allow' : code;
}
