import fc from 'fast-check';
import { loadPolicy, type Policy } from '../../src/policy/index.ts';

/** A route before it is written down. */
export interface RouteSketch {
  readonly template: string;
  readonly methods: readonly string[];
  readonly scopes: readonly string[];
}

export interface AgentSketch {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly disabled: boolean;
}

export interface PolicySketch {
  readonly agents: readonly AgentSketch[];
  readonly routes: readonly RouteSketch[];
}

export interface Call {
  readonly method: string;
  readonly path: string;
}

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];
const SCOPES = ['s', 'a:r', 'a:w', 'b:r', 'b:x:y'];

/** Few words, of which some differ in letter case only, so that templates and paths meet. */
const word = fc.constantFrom('a', 'b', 'A', 'ab', '%C3%A9');

/** The n-th segment's name is always the same: two names for one path do not load. */
const template = fc
  .tuple(fc.array(fc.option(word, { freq: 2 }), { maxLength: 4 }), fc.boolean())
  .map(([parts, rest]) => {
    const segments = parts.map((part, index) => part ?? `{p${index}}`);
    return `/${[...segments, ...(rest ? ['**'] : [])].join('/')}`;
  });

const route: fc.Arbitrary<RouteSketch> = fc.record({
  template,
  methods: fc.subarray(METHODS, { minLength: 1 }),
  scopes: fc.subarray(SCOPES, { maxLength: 2 }),
});

const agent: fc.Arbitrary<AgentSketch> = fc.record({
  name: fc.constantFrom('one', 'two', 'three'),
  scopes: fc.subarray([...SCOPES, 'a:*', 'b:*', 'b:x:*']),
  disabled: fc.constantFrom(false, false, true),
});

/** Routes of which each method and template is there once. */
export const routes = (maxLength = 12) => fc.array(route, { maxLength }).map(withoutClashes);

export const policySketch: fc.Arbitrary<PolicySketch> = fc.record({
  agents: fc.uniqueArray(agent, { maxLength: 3, selector: ({ name }) => name }),
  routes: routes(),
});

export const call: fc.Arbitrary<Call> = fc
  .tuple(
    fc.constantFrom(...METHODS, 'PUT'),
    fc.array(fc.constantFrom('a', 'b', 'A', 'B', 'ab', 'AB', 'c', '\u00e9', '\u00c9'), {
      maxLength: 5,
    }),
    fc.boolean(),
  )
  .map(([method, parts, slash]) => ({
    method,
    path: `/${parts.join('/')}${slash && parts.length > 0 ? '/' : ''}`,
  }));

export function withoutClashes(sketches: readonly RouteSketch[]): RouteSketch[] {
  const taken = new Set<string>();
  return sketches.flatMap(({ template: path, methods, scopes }) => {
    const free = methods.filter((method) => !taken.has(`${method} ${path}`));
    for (const method of free) taken.add(`${method} ${path}`);
    return free.length === 0 ? [] : [{ template: path, methods: free, scopes }];
  });
}

export function nameOf({ methods, template: path }: RouteSketch): string {
  return `${methods.join(',')} ${path}`;
}

export function build({ agents, routes: sketches }: PolicySketch): Policy {
  const file = {
    version: 1,
    trustDomain: 'acme.test',
    agents: Object.fromEntries(agents.map(({ name, ...value }) => [name, value])),
    routes: Object.fromEntries(sketches.map((one) => [nameOf(one), one.scopes])),
  };
  return loadPolicy(JSON.stringify(file), 'policy.json');
}

/** A call that some template of the sketch matches, where it has one: chance alone seldom meets one. */
export function aimed(sketch: PolicySketch, one: Call, which: number): Call {
  const route = sketch.routes[which % (2 * sketch.routes.length + 1)];
  if (route === undefined) return one;
  const path = route.template.replace('**', 'c/d').replaceAll(/\{\w+\}/g, 'c');
  return { method: one.method, path: decodeURIComponent(path) };
}
