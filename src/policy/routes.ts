import type { Mode, RouteLimits } from '../call/index.ts';
import type { SourceFault, YamlSource } from '../lib/index.ts';
import { PolicyRoute, type Edition } from './entry.ts';
import { placeKeyFault } from './key-fault.ts';
import { parseRouteKey, type RouteKey } from './route-key.ts';
import { metadataFaults } from './metadata-route.ts';
import { shapeOf } from './path-entry.ts';
import { fieldOf, sectionOf } from './section.ts';
import type { PolicyFile, RouteValue } from './shape.ts';
import { tokenFaults, tokenRuleOf } from './token-rule.ts';

/** The keys of `routes` that can be read, and what is wrong with the others or between them. */
export interface ReadKeys {
  readonly keys: ReadonlyMap<string, RouteKey>;
  readonly faults: readonly SourceFault[];
}

export function readRouteKeys(source: YamlSource): ReadKeys {
  const keys = new Map<string, RouteKey>();
  const faults: SourceFault[] = [];
  const owners = new Map<string, { key: RouteKey; line: number }[]>();
  const fileShadows = fieldOf(source.value, 'mode') === 'shadow';
  for (const [text, value] of sectionOf(source, 'routes')) {
    const at = source.keyAt(['routes', text]);
    const key = parseRouteKey(text);
    if ('message' in key) {
      faults.push(placeKeyFault(key, text, at));
      continue;
    }
    keys.set(text, key);
    const shape = shapeOf(key.template);
    const others = owners.get(shape) ?? [];
    const clash = clashOf(key, others);
    if (clash !== undefined) faults.push(source.fault(at, clash.message, clash.remedy));
    owners.set(shape, [...others, { key, line: at.line }]);
    faults.push(...conditionFaults(source, { text, key, value, fileShadows }));
    faults.push(...metadataFaults(source, { text, key, value }));
    faults.push(...tokenFaults(source, text, value));
  }
  return { keys, faults };
}

/** Two templates for one path, or one method twice: neither could be said to win. */
function clashOf(
  key: RouteKey,
  others: readonly { key: RouteKey; line: number }[],
): { message: string; remedy: string } | undefined {
  for (const { key: other, line } of others) {
    if (other.template.text !== key.template.text)
      return {
        message: `'${key.template.text}' matches the same paths as '${other.template.text}' at line ${line}`,
        remedy: `Write the template as it stands at line ${line}; its methods may be on several lines.`,
      };
    const method = key.methods.find((one) => other.methods.includes(one));
    if (method !== undefined)
      return {
        message: `${method} ${key.template.text} is there already, at line ${line}`,
        remedy: 'Keep one of the two.',
      };
  }
  return undefined;
}

/** Conditions that could never take effect, or that loosen the file for ever. */
function conditionFaults(
  source: YamlSource,
  one: { text: string; key: RouteKey; value: unknown; fileShadows: boolean },
): SourceFault[] {
  const faults: SourceFault[] = [];
  const at = (field: string) => source.valueAt(['routes', one.text, field]);
  if (fieldOf(one.value, 'upgrade') === 'websocket' && !one.key.methods.includes('GET')) {
    const message = 'a WebSocket begins with GET, which this route does not list';
    faults.push(source.fault(at('upgrade'), message, `Add GET to the route, or remove 'upgrade'.`));
  }
  const loosens = fieldOf(one.value, 'mode') === 'shadow' && !one.fileShadows;
  if (loosens && fieldOf(one.value, 'until') === undefined) {
    const message = `'mode: shadow' is looser than the file and needs an end`;
    faults.push(source.fault(at('mode'), message, `Add 'until' with a date, e.g. 2026-09-30.`));
  }
  return faults;
}

/** `base` is how the policy as a whole is held: the file's mode, or what overrides it. */
export function compileRoutes(
  source: YamlSource,
  parts: { file: PolicyFile; keys: ReadonlyMap<string, RouteKey>; base: Mode; edition: Edition },
): PolicyRoute[] {
  return Object.entries(parts.file.routes).map(([name, value]: [string, RouteValue]) => {
    const key = parts.keys.get(name);
    if (key === undefined) throw new TypeError(`the route '${name}' was not checked`);
    const conditions: Partial<Extract<RouteValue, { mode?: unknown }>> = value;
    const { upgrade = 'none', authorization = 'strip', answer, mode, until } = conditions;
    return new PolicyRoute(parts.edition, key, {
      name,
      scopes: Object.freeze(value.scopes),
      limits: limitsOf(conditions),
      upgrade,
      authorization,
      tokenRule: tokenRuleOf(parts.file, value),
      answer,
      // After its last day of shadow a route is enforced, even if the file as a whole is not.
      mode: mode === 'enforce' || until !== undefined ? 'enforce' : parts.base,
      shadowUntil: until,
      at: source.keyAt(['routes', name]),
    });
  });
}

function limitsOf(value: Partial<Extract<RouteValue, { rate?: unknown }>>): RouteLimits {
  const { rate, burst, concurrency, body } = value;
  return Object.freeze({
    rate: rate && { perSecond: rate.perSecond, burst: burst ?? rate.burst },
    concurrency,
    body,
  });
}
