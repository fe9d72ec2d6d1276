import fc from 'fast-check';
import { expect, it } from 'vitest';
import { build, call, nameOf, routes, type Call, type RouteSketch } from './arbitrary.ts';

/** How specific a template is at each segment; -1 is "does not match". */
function kinds(template: string, path: string, same: (a: string, b: string) => boolean): number[] {
  const parts = template === '/' ? [] : template.slice(1).split('/');
  const segments = path === '/' ? [] : path.slice(1).split('/');
  const rest = parts.at(-1) === '**';
  if (rest ? segments.length < parts.length : segments.length !== parts.length) return [-1];
  return parts.map((part, index) => {
    const segment = segments[index] ?? '';
    if (segment === '') return -1;
    if (part === '**') return 1;
    if (part.startsWith('{')) return 2;
    return same(decodeURIComponent(part), segment) ? 3 : -1;
  });
}

type Judged = { readonly template: string; readonly kinds: number[] };

function best(
  sketches: readonly RouteSketch[],
  path: string,
  same: (a: string, b: string) => boolean,
): Judged | undefined {
  return sketches
    .map(({ template }) => ({ template, kinds: kinds(template, path, same) }))
    .filter((one) => !one.kinds.includes(-1))
    .toSorted((a, b) => compare(b.kinds, a.kinds))[0];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, kind] of a.entries()) {
    const difference = kind - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The language's rules word for word, over a plain list. */
function reference(sketches: readonly RouteSketch[], { method, path }: Call): string {
  const won = best(sketches, path, (a, b) => a === b);
  if (won === undefined) return 'NO_ROUTE';
  const fold = (text: string) => text.toLowerCase();
  const short = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const rival = best(sketches, short, (a, b) => fold(a) === fold(b));
  if (rival !== undefined && compare(rival.kinds, won.kinds) > 0) return 'AMBIGUOUS_PATH';
  const lines = sketches.filter(({ template }) => template === won.template);
  const line =
    lines.find(({ methods }) => methods.includes(method)) ??
    (method === 'HEAD' ? lines.find(({ methods }) => methods.includes('GET')) : undefined);
  return line === undefined ? 'METHOD_NOT_ALLOWED' : nameOf(line);
}

it('the compiled policy routes as a list of templates read one by one would', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(routes(16), fc.array(call, { minLength: 20, maxLength: 40 }), (sketches, calls) => {
      const policy = build({ agents: [], routes: sketches });
      for (const one of calls) {
        const route = policy.route(one);
        const actual = 'allowed' in route ? route.code : route.name;
        expect(actual, `${one.method} ${one.path}`).toBe(reference(sketches, one));
        const kind = 'allowed' in route ? route.code : 'routed';
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }),
    { numRuns: 500 },
  );

  // Otherwise the generator has dried up and the property proves nothing.
  for (const kind of ['routed', 'NO_ROUTE', 'AMBIGUOUS_PATH', 'METHOD_NOT_ALLOWED'])
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(100);
});
