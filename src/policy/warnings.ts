import type { SourceFault, YamlSource } from '../lib/index.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';

/** What loads and is probably not meant: scopes nobody holds, routes nobody can pass, shadows that have ended. */
export function warningsOf(
  source: YamlSource,
  parts: {
    agents: readonly PolicyAgent[];
    routes: readonly PolicyRoute[];
    now?: number | undefined;
  },
): SourceFault[] {
  const { agents, routes, now } = parts;
  const held = remember((scope) => agents.some(({ grants }) => grants.covers(scope)));
  const passable = remember((_, scopes: readonly string[]) =>
    agents.some(({ disabled, grants }) => !disabled && grants.coversAll(scopes)),
  );
  const told = new Set<string>();
  return routes.flatMap((route) => {
    const unheld = route.scopes.filter((scope) => !held(scope, []));
    const warnings = unheld
      .filter((scope) => !told.has(scope))
      .map((scope) => unheldWarning(source, route, scope));
    for (const scope of unheld) told.add(scope);
    if (unheld.length === 0 && !passable(route.scopes.join(' '), route.scopes))
      warnings.push(unpassableWarning(source, route));
    if (now !== undefined && route.shadowUntil !== undefined && route.shadowUntil <= now)
      warnings.push(endedWarning(source, route));
    return warnings;
  });
}

/** Asks once a key: ten thousand routes and a thousand agents have few different requirements. */
function remember(
  ask: (key: string, scopes: readonly string[]) => boolean,
): (key: string, scopes: readonly string[]) => boolean {
  const answers = new Map<string, boolean>();
  return (key, scopes) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(key, scopes);
    answers.set(key, answer);
    return answer;
  };
}

function unheldWarning(source: YamlSource, route: PolicyRoute, scope: string): SourceFault {
  const index = route.scopes.indexOf(scope);
  const list = ['routes', route.name, index];
  const inMap = ['routes', route.name, 'scopes', index];
  const at = source.valueAt(list);
  const place = at.text.startsWith(scope, at.column - 1) ? at : source.valueAt(inMap);
  const remedy = `Grant it to an agent, or correct its name; until then nobody passes.`;
  return source.fault(place, `no agent holds the scope '${scope}'`, remedy);
}

function unpassableWarning(source: YamlSource, route: PolicyRoute): SourceFault {
  const remedy = 'Grant all of its scopes to one enabled agent, or remove the route.';
  return source.fault(route.at, `no agent can pass '${route.name}'`, remedy);
}

function endedWarning(source: YamlSource, route: PolicyRoute): SourceFault {
  const at = source.valueAt(['routes', route.name, 'until']);
  const remedy = `Remove 'mode' and 'until', or set a later day.`;
  return source.fault(at, `the shadow mode of '${route.name}' has ended; it is enforced`, remedy);
}
