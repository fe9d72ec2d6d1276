import { tokenServiceFaults, type Config } from '../config/index.ts';
import { readText } from '../files/index.ts';
import { SourceFaults, type Clock } from '../lib/index.ts';
import { loadPolicy, type Policy } from '../policy/index.ts';

/** What of a configuration says how a policy is read. */
export type PolicyConfig = Pick<Config, 'policy' | 'mode'> &
  Partial<Pick<Config, 'outbound' | 'tokenService'>>;

/** @throws SourceFaults with everything that is wrong, or OperatorFault if it cannot be read */
export function readPolicy(config: PolicyConfig, now: Clock): Policy {
  const text = readText(config.policy, {
    what: 'the policy',
    ifMissing: "Correct 'policy' in sidegate.yaml, or make one with: sidegate init NAME",
  });
  const policy = loadPolicy(text, config.policy, { now: now(), mode: config.mode });
  const [fault, ...others] = tokenServiceFaults(policy.peers, config);
  if (fault !== undefined) throw new SourceFaults([fault, ...others]);
  return policy;
}
