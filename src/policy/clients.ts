import type { SourceFault, SourcePosition, YamlSource } from '../lib/index.ts';
import { ownId } from './agents.ts';
import { issuerNameFaults, meantRemedy } from './issuers.ts';
import { fieldOf, mapOf, sectionOf, textsOf } from './section.ts';

/** What is wrong with `clients` and `peers` of agents: names that are nobody's, or that two could be meant by. */
export function clientFaults(source: YamlSource): SourceFault[] {
  const agents = sectionOf(source, 'agents');
  const names = agents.map(([name]) => name);
  const byId = new Map(agents.map(([name, value]) => [ownId(source, name, value), name]));
  const owners = new Map<string, SourcePosition>();
  return agents.flatMap(([agent, value]) => {
    const path = ['agents', agent, 'clients'];
    const faults = issuerNameFaults(source, path, fieldOf(value, 'clients'));
    for (const [issuer, list] of mapOf(fieldOf(value, 'clients')))
      for (const [index, client] of textsOf(list)) {
        const at = source.valueAt([...path, issuer, index]);
        const key = `${issuer} ${client}`;
        const owner = owners.get(key);
        const id = byId.get(client);
        if (id !== undefined && id !== agent)
          faults.push(source.fault(at, `'${client}' is the agent '${id}'`, 'Remove it here.'));
        else if (owner !== undefined)
          faults.push(
            source.fault(
              at,
              `'${client}' of '${issuer}' is another agent, at line ${owner.line}`,
              'A client is one agent: keep one of the two.',
            ),
          );
        else owners.set(key, at);
      }
    return [...faults, ...agentListFaults(source, ['agents', agent, 'peers'], names)];
  });
}

/** What is wrong with a list of agents' names. */
export function agentListFaults(
  source: YamlSource,
  path: readonly string[],
  names: readonly string[],
): SourceFault[] {
  const list = path.reduce<unknown>((value, key) => fieldOf(value, key), source.value);
  return textsOf(list)
    .filter(([, name]) => !names.includes(name))
    .map(([index, name]) => {
      const at = source.valueAt([...path, index]);
      return source.fault(at, `no agent is called '${name}'`, meantRemedy(name, names, 'agents'));
    });
}
