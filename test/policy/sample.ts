import { SourceFaults } from '../../src/lib/index.ts';
import { loadPolicy, type LoadOptions, type Policy } from '../../src/policy/index.ts';

/** A policy with the given sections; those left out are as small as the language allows. */
export function policyText(sections: { head?: string; agents?: string; routes?: string }): string {
  const { head = '', agents = '{}', routes = '{}' } = sections;
  const section = (name: string, body: string) =>
    body.startsWith('{') ? `${name}: ${body}` : `${name}:\n${body}`;
  return `version: 1\ntrustDomain: acme.test\n${head}${section('agents', agents)}\n${section('routes', routes)}\n`;
}

export function load(sections: Parameters<typeof policyText>[0], options?: LoadOptions): Policy {
  return loadPolicy(policyText(sections), 'policy.yaml', options);
}

/** A policy of routes without scopes, for what is about paths alone. */
export function routesOnly(...keys: readonly string[]): Policy {
  return load({ routes: keys.map((key) => `  '${key.replaceAll("'", "''")}': []`).join('\n') });
}

/** `line:column message` of each fault. */
export function faultsOf(text: string): string[] {
  return caught(text).faults.map(({ at, message }) =>
    'line' in at ? `${at.line}:${at.column} ${message}` : message,
  );
}

export function caught(text: string): SourceFaults {
  try {
    loadPolicy(text, 'policy.yaml');
  } catch (error) {
    if (error instanceof SourceFaults) return error;
    throw error;
  }
  throw new Error('the policy loaded');
}

/** The route's name, or the code of the denial. */
export function routed(policy: Policy, call: string): string {
  const [method = '', path = ''] = call.split(' ');
  const route = policy.route({ method, path });
  return 'allowed' in route ? route.code : route.name;
}
