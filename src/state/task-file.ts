import { z } from 'zod';
import { readTextIfThere, writeFileAtomic } from '../files/index.ts';
import { OperatorFault } from '../lib/index.ts';

const principalShape = z.strictObject({ issuer: z.string(), subject: z.string() });
const writtenShape = z.strictObject({
  /** SHA-256 of the handle. */
  handle: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  task: z.string().min(1),
  grant: z.string().min(1),
  audiences: z.array(z.string()),
  /** The calling agent's name in the policy, and its call. */
  agent: z.string().min(1),
  callId: z.string().min(1),
  /** For whom, and through whose hands it came. */
  issuer: z.strictObject({ name: z.string().min(1), issuer: z.string().min(1) }),
  subject: principalShape,
  actors: z.array(principalShape),
  onBehalf: z.boolean(),
  tokenId: z.string(),
  scopes: z.array(z.string()),
  /** Milliseconds since the epoch. */
  since: z.int(),
  endsAt: z.int(),
  /** It goes on no more, and the token service has not been told yet. */
  ended: z.boolean(),
});
const fileShape = z.strictObject({ version: z.literal(1), tasks: z.array(writtenShape) });

/** A task as it is written down: no token, no handle. */
export type WrittenTask = z.infer<typeof writtenShape>;

/** @throws OperatorFault if it cannot be written */
export function writeTasks(file: string, tasks: readonly WrittenTask[]): void {
  const text = JSON.stringify({ version: 1, tasks });
  writeFileAtomic(file, `${text}\n`, { mode: 0o600, existing: 'replace' });
}

/**
 * None where there is no file.
 *
 * @throws OperatorFault if it cannot be understood: which tasks go on is not guessed
 */
export function readTasks(file: string): readonly WrittenTask[] {
  const text = readTextIfThere(file, 'the tasks');
  if (text === undefined) return [];
  const read = fileShape.safeParse(parsed(text));
  const fault = read.success ? twiceIn(read.data.tasks) : reasonOf(read.error);
  if (read.success && fault === undefined) return read.data.tasks;
  throw new OperatorFault(
    `the tasks ${file} cannot be understood: ${fault ?? 'for an unknown reason'}`,
    'Restore the file; or remove it, which ends every task that goes on.',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names the place and what it should be, and repeats nothing of what stands there. */
function reasonOf({ issues }: z.ZodError): string {
  const [first] = issues;
  if (first === undefined || first.path.length === 0) return 'it is no list of tasks';
  return `${first.path.join('.')}: ${first.code.replaceAll('_', ' ')}`;
}

function twiceIn(tasks: readonly WrittenTask[]): string | undefined {
  const handles = new Set(tasks.map(({ handle }) => handle));
  return handles.size < tasks.length ? 'one handle stands for two tasks' : undefined;
}
