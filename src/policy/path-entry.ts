import type { PolicyRoute } from './entry.ts';
import type { Segment, Template } from './template.ts';

/** Everything that the policy says of one template: its routes, by method. */
export interface PathEntry {
  readonly template: Template;
  /** Without braces: no template is more specific. */
  readonly whole: boolean;
  /** HEAD stands here too where only GET is listed. */
  readonly methods: ReadonlyMap<string, PolicyRoute>;
  /** Speaks for the path where no route does: the one that is softened for the shortest time. */
  readonly strictest: PolicyRoute;
}

/** The same for two templates if and only if they match the same paths. */
export function shapeOf(template: Template): string {
  return template.segments.map(segmentShape).join('/');
}

function segmentShape(segment: Segment): string {
  return segment.kind === 'literal' ? `0${segment.text}` : segment.kind;
}

/** Brings the routes of one template together. No two of them list the same method. */
export function groupByPath(routes: readonly PolicyRoute[]): PathEntry[] {
  const groups = Map.groupBy(routes, (route) => shapeOf(route.template));
  return [...groups.values()].flatMap((group) => pathEntry(group) ?? []);
}

function pathEntry(group: readonly PolicyRoute[]): PathEntry | undefined {
  const [first, ...others] = group;
  if (first === undefined) return undefined;
  const methods = new Map<string, PolicyRoute>();
  for (const route of group) for (const method of route.methods) methods.set(method, route);
  const get = methods.get('GET');
  if (get !== undefined && !methods.has('HEAD')) methods.set('HEAD', get);
  const strictest = others.reduce((a, b) => (softness(b) < softness(a) ? b : a), first);
  const { template } = first;
  return { template, whole: /^0*$/.test(template.rank), methods, strictest };
}

function softness(route: PolicyRoute): number {
  return route.mode === 'shadow' ? Infinity : (route.shadowUntil ?? 0);
}
