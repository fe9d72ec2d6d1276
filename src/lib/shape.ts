import type { z } from 'zod';
import { closest } from './closest.ts';
import { SourceFaults, type SourceFault } from './fault.ts';
import { keysAt } from './shape-keys.ts';
import type { YamlPath } from './yaml.ts';

/** A value, and where everything in it comes from. */
export interface ShapedSource {
  readonly value: unknown;
  valueAt(path: YamlPath): SourceFault['at'];
  keyAt(path: YamlPath): SourceFault['at'];
}

type Issue = z.core.$ZodIssue;

/**
 * Holds a file against a shape and gives back the typed value.
 *
 * @throws SourceFaults with every fault, each at its own line and column
 */
export function readShape<T>(source: ShapedSource, shape: z.ZodType<T>): T {
  const result = shape.safeParse(source.value, { reportInput: true });
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues.flatMap((issue) =>
    faultsOf({ source, shape }, issue, []),
  );
  if (first === undefined) throw new TypeError('a shape failed without an issue');
  throw new SourceFaults([first, ...others]);
}

interface Held {
  readonly source: ShapedSource;
  readonly shape: z.core.$ZodType;
}

function faultsOf(held: Held, issue: Issue, above: readonly PropertyKey[]): SourceFault[] {
  const { source } = held;
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') return unionFaults(held, issue, path);
  if (issue.code === 'invalid_key')
    return [fault(source.keyAt(path), inner(issue.issues), 'Rename the key.')];
  if (issue.code !== 'unrecognized_keys') return [plainFault(source, issue, path)];
  const known = keysAt(held.shape, path);
  return issue.keys.map((key) =>
    fault(source.keyAt([...path, key]), `unknown key '${key}'`, unknownRemedy(key, known)),
  );
}

function unknownRemedy(key: string, known: readonly string[]): string {
  if (known.length === 0)
    return 'Remove it, or see the documentation for the keys that exist here.';
  const near = closest(key, known);
  const list = `Keys that exist here: ${known.join(', ')}.`;
  return near === undefined ? `Remove it. ${list}` : `Did you mean '${near}'? ${list}`;
}

/** Of a union's branches, the one that came furthest says what the author meant. */
function unionFaults(
  held: Held,
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
): SourceFault[] {
  const meant = issue.errors.find((branch) =>
    branch.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys'),
  );
  if (meant !== undefined && meant.length > 0)
    return meant.flatMap((one) => faultsOf(held, one, path));
  return [plainFault(held.source, issue, path)];
}

function plainFault(source: ShapedSource, issue: Issue, path: readonly PropertyKey[]): SourceFault {
  const name = path.length === 0 ? 'the file' : `'${path.map(String).join('.')}'`;
  const missing = issue.code !== 'custom' && issue.input === undefined;
  if (missing && path.length > 0) {
    const at = source.keyAt(path.slice(0, -1));
    return fault(at, `${name} is missing`, 'Add it.');
  }
  return fault(source.valueAt(path), `${name} ${predicate(issue)}`, remedyOf(issue));
}

function predicate(issue: Issue): string {
  const { message } = issue;
  if (/^(must|is|has|names|begins|ends)\b/.test(message)) return message;
  return `is not right: ${message.replace(/^Invalid input: /, '')}`;
}

function remedyOf(issue: Issue): string {
  if (issue.code === 'custom' && typeof issue.params?.remedy === 'string')
    return issue.params.remedy;
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    const near = typeof issue.input === 'string' ? closest(issue.input, allowed) : undefined;
    return near === undefined
      ? `Use one of: ${allowed.join(', ')}.`
      : `Did you mean '${near}'? Allowed: ${allowed.join(', ')}.`;
  }
  return 'Correct the value.';
}

function inner(issues: readonly Issue[]): string {
  return issues[0]?.message ?? 'is not a key that may stand here';
}

function fault(at: SourceFault['at'], message: string, remedy: string): SourceFault {
  return { at, message, remedy };
}
