import { tokenServiceFaults, type Config } from '../../config/index.ts';
import { readText } from '../../files/index.ts';
import { loadPolicy, type Policy } from '../../policy/index.ts';
import { plural } from '../when.ts';
import { attempt, inFile, right, type Finding } from './finding.ts';

const USE = {
  what: 'the policy',
  ifMissing: "Correct 'policy' in the configuration, or make one with: sidegate init.",
};

/** Does it load, and could its agents come in at all? */
export async function checkPolicy(
  config: Config,
  trusted: ReadonlySet<string>,
  now: number,
): Promise<readonly Finding[]> {
  const { value, findings } = await attempt('policy', () =>
    loadPolicy(readText(config.policy, USE), config.policy, { now, mode: config.mode }),
  );
  if (value === undefined) return findings;
  const untold = tokenServiceFaults(value.peers, config);
  return [
    ...aboutPolicy(value, trusted),
    ...untold.map((fault) => inFile('policy', 'wrong', fault)),
  ];
}

function aboutPolicy(policy: Policy, trusted: ReadonlySet<string>): Finding[] {
  const { agents, routes, mode, warnings } = policy;
  const size = `${plural(agents.length, 'agent')}, ${plural(routes.length, 'route')}`;
  const softened = mode === 'shadow' ? ', in shadow mode: denials are only recorded' : '';
  const strangers = agents.filter(({ spiffeId }) => !trusted.has(spiffeId.trustDomain.name));
  return [
    right('policy', `${policy.file}: ${size}${softened}`),
    ...strangers.map(({ name, spiffeId, at }) =>
      inFile('policy', 'wrong', {
        at,
        message: `${name} is of the trust domain ${spiffeId.trustDomain.name}, which has no roots`,
        remedy: "Add the domain with its roots under 'trust' in the configuration.",
      }),
    ),
    ...warnings.map((fault) => inFile('policy', 'warning', fault)),
  ];
}
