import { createHash } from 'node:crypto';
import type { Mode } from '../call/index.ts';
import {
  SourceFaults,
  readShape,
  readYaml,
  type SourceFault,
  type YamlSource,
} from '../lib/index.ts';
import { agentFaults, compileAgents } from './agents.ts';
import { clientFaults } from './clients.ts';
import type { Edition } from './entry.ts';
import { compileIssuers, issuerFaults } from './issuers.ts';
import { compilePeers, peerFaults } from './peers.ts';
import { Policy } from './policy.ts';
import { compileRoutes, readRouteKeys } from './routes.ts';
import { policyShape, type PolicyFile } from './shape.ts';
import { tokenWarnings } from './token-warnings.ts';
import { warningsOf } from './warnings.ts';

export interface LoadOptions {
  /** Overrides the file's mode (`--mode`); what single routes say of themselves stays. */
  readonly mode?: Mode | undefined;
  /** Milliseconds since the epoch; with it, shadows that have ended are warned of. */
  readonly now?: number | undefined;
}

/**
 * Reads and compiles a policy file.
 *
 * @throws SourceFaults with every fault of the file
 */
export function loadPolicy(text: string, file: string, options: LoadOptions = {}): Policy {
  return compilePolicy(readYaml(text, file), text, options);
}

/** The same for a text that was read before. */
export function compilePolicy(source: YamlSource, text: string, options: LoadOptions): Policy {
  const shaped = shapeOrFaults(source);
  const keys = readRouteKeys(source);
  const [first, ...others] = [
    ...shaped.faults,
    ...issuerFaults(source),
    ...agentFaults(source),
    ...clientFaults(source),
    ...keys.faults,
    ...peerFaults(source),
  ];
  if (first !== undefined) throw new SourceFaults([first, ...others]);
  if (shaped.value === undefined) throw new TypeError('a policy without faults has no value');
  const mode = options.mode ?? shaped.value.mode ?? 'enforce';
  const edition: Edition = {};
  const issuers = compileIssuers(source, shaped.value);
  const agents = compileAgents(source, { file: shaped.value, edition });
  const routes = compileRoutes(source, {
    file: shaped.value,
    keys: keys.keys,
    base: mode,
    edition,
  });
  return new Policy({
    file: source.file,
    text,
    digest: createHash('sha256').update(text).digest('hex'),
    mode,
    trustDomain: shaped.value.trustDomain.name,
    edition,
    agents,
    routes,
    issuers,
    peers: compilePeers(source, { file: shaped.value, agents }),
    warnings: [
      ...warningsOf(source, { agents, routes, now: options.now }),
      ...tokenWarnings(source, { issuers, agents, routes }),
    ],
  });
}

interface Shaped {
  readonly value?: PolicyFile;
  readonly faults: readonly SourceFault[];
}

/** Faults of shape are kept, so that those of names and routes can be told in the same breath. */
function shapeOrFaults(source: YamlSource): Shaped {
  try {
    return { value: readShape(source, policyShape), faults: [] };
  } catch (error) {
    if (!(error instanceof SourceFaults)) throw error;
    return { faults: error.faults };
  }
}
