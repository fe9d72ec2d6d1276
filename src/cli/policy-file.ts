import { readText } from '../files/index.ts';
import { loadPolicy, type Policy } from '../policy/index.ts';
import { atCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

/** The policy that a person named. */
export function readPolicyFile(terminal: Terminal, name: string): Policy {
  const file = atCwd(terminal, name);
  const use = {
    what: 'the policy',
    ifMissing: 'Name it with --policy, or make one with: sidegate init NAME --upstream URL',
  };
  return loadPolicy(readText(file, use), file, { now: terminal.now() });
}
