import type { Config } from '../config/index.ts';
import { readText } from '../files/index.ts';
import type { Clock } from '../lib/index.ts';
import { loadPolicy, type Policy } from '../policy/index.ts';

/** @throws SourceFaults with everything that is wrong, or OperatorFault if it cannot be read */
export function readPolicy(config: Pick<Config, 'policy' | 'mode'>, now: Clock): Policy {
  const text = readText(config.policy, {
    what: 'the policy',
    ifMissing: "Correct 'policy' in sidegate.yaml, or make one with: sidegate init NAME",
  });
  return loadPolicy(text, config.policy, { now: now(), mode: config.mode });
}
