import { readText } from '../files/index.ts';
import { OperatorFault, closest, readShape, readYaml } from '../lib/index.ts';
import { isLocal } from '../upstream/index.ts';
import { SETTINGS, variableOf } from './settings.ts';
import { configShape, type Config } from './shape.ts';
import { ConfigSource, type Overrides } from './source.ts';

/** A configuration that can be run, and what about it the operator should know. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/**
 * sidegate.yaml, then variables, then flags; read once, checked whole.
 *
 * @throws OperatorFault or SourceFaults with every fault at once
 */
export function loadConfig(file: string, overrides: Overrides): LoadedConfig {
  const text = readText(file, {
    what: 'the configuration',
    ifMissing: 'Make one with: sidegate init NAME --upstream http://127.0.0.1:3000',
  });
  const source = new ConfigSource(readYaml(text, file), overrides);
  const config = readShape(source, configShape);
  const { upstream, allowPlaintextUpstream } = config.inbound;
  if (!isLocal(upstream) && !allowPlaintextUpstream)
    throw new OperatorFault(
      `inbound.upstream is on another machine, and plain HTTP to it could be read and changed on the way`,
      'Put the sidecar beside its agent (127.0.0.1 or unix:), or say inbound.allowPlaintextUpstream: true.',
    );
  return { config: deepFreeze(config), warnings: unknownVariables(overrides.variables) };
}

/** A warning only: Kubernetes puts variables of its own making into every container. */
function unknownVariables(variables: Overrides['variables']): string[] {
  const known = new Set([...SETTINGS.map(variableOf), 'SIDEGATE_DEBUG']);
  return Object.keys(variables)
    .filter((name) => name.startsWith('SIDEGATE_') && !known.has(name))
    .map((name) => {
      const near = closest(name, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return `the variable ${name} sets nothing${hint}`;
    });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const entry of Object.values(value)) deepFreeze(entry);
  return Object.freeze(value);
}
