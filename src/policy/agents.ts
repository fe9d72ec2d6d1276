import type { SourceFault, SourcePosition, YamlSource } from '../lib/index.ts';
import { SpiffeId } from '../spiffe/index.ts';
import { agentNameFault } from './agent-name.ts';
import { PolicyAgent, type Edition } from './entry.ts';
import { Grants } from './scope.ts';
import { fieldOf, sectionOf } from './section.ts';
import type { AgentValue, PolicyFile } from './shape.ts';

/** The ID of an agent that has none of its own. */
export function defaultId(trustDomain: string, name: string): string {
  return `spiffe://${trustDomain}/agent/${name}`;
}

/** The ID of an agent as it stands in the file, whatever else is wrong there. */
export function ownId(source: YamlSource, name: string, value: unknown): string {
  const own = fieldOf(value, 'id');
  const trustDomain = String(fieldOf(source.value, 'trustDomain'));
  return typeof own === 'string' ? own : defaultId(trustDomain, name);
}

/** What no shape says of agents: their names, and that no two have one ID. */
export function agentFaults(source: YamlSource): SourceFault[] {
  const faults: SourceFault[] = [];
  const owners = new Map<string, SourcePosition>();
  for (const [name, value] of sectionOf(source, 'agents')) {
    const at = source.keyAt(['agents', name]);
    const id = ownId(source, name, value);
    const owner = owners.get(id);
    const fault = agentNameFault(name);
    if (fault !== undefined)
      faults.push(source.fault(at, `'${name}' ${fault.message}`, fault.remedy));
    else if (owner === undefined) owners.set(id, at);
    else faults.push(sameIdFault(source, { at, name, id, owner }));
  }
  return faults;
}

function sameIdFault(
  source: YamlSource,
  one: { at: SourcePosition; name: string; id: string; owner: SourcePosition },
): SourceFault {
  const message = `'${one.name}' has the ID ${one.id}, which the agent at line ${one.owner.line} has`;
  return source.fault(one.at, message, 'Give each agent an ID of its own, or make them one agent.');
}

const NO_CLIENTS: PolicyAgent['clients'] = new Map();
const NO_PEERS: PolicyAgent['peers'] = Object.freeze([]);

export function compileAgents(
  source: YamlSource,
  parts: { file: PolicyFile; edition: Edition },
): PolicyAgent[] {
  const { file, edition } = parts;
  return Object.entries(file.agents).map(([name, value]: [string, AgentValue]) => {
    const fields: Partial<Extract<AgentValue, { id?: unknown }>> = value;
    const { id, disabled, clients, peers } = fields;
    return new PolicyAgent(edition, {
      name,
      spiffeId: id ?? SpiffeId.parse(defaultId(file.trustDomain.name, name)),
      disabled: disabled ?? false,
      at: source.keyAt(['agents', name]),
      grants: new Grants(value.scopes),
      clients: clients === undefined ? NO_CLIENTS : new Map(Object.entries(clients)),
      peers: peers === undefined ? NO_PEERS : Object.freeze(peers),
    });
  });
}
