import type { PolicyRoute } from './entry.ts';
import { METHODS, parseRouteKey } from './route-key.ts';
import { SCOPE, type Grants } from './scope.ts';
import type { Ask } from './verdict.ts';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isMethod(method: string): boolean {
  return (METHODS as readonly string[]).includes(method);
}

/** Whether two methods do the same kind of thing: whoever may read should not come to write by a proposal of ours. */
export function sameKind(method: string, route: PolicyRoute): boolean {
  return route.methods.some((other) => READING.has(other) === READING.has(method));
}

/** The key of a route for exactly this method and path; undefined if the language has none. */
export function keyFor(ask: Ask): string | undefined {
  const template = templateFor(ask.path);
  if (template === undefined) return undefined;
  const key = `${ask.method} ${template}`;
  return 'message' in parseRouteKey(key) ? undefined : key;
}

/** Spells out what a path means, as a caller would have to send it. */
function templateFor(path: string): string | undefined {
  try {
    return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,=:@/]/gu, (one) => encodeURIComponent(one));
  } catch {
    return undefined;
  }
}

/**
 * What a new route should take: what the agent holds for such calls, else a scope of its own. Never `[]`, which would
 * let in everybody else too.
 */
export function scopesFor(
  ask: Ask,
  near: PolicyRoute | undefined,
  grants: Grants | undefined,
): readonly string[] {
  const verb = READING.has(ask.method) ? 'read' : 'write';
  const own = `${wordOf(ask.path)}:${verb}`;
  if (grants?.covers(own) === true || near === undefined) return [own];
  const borrow = near.scopes.length > 0 && sameKind(ask.method, near);
  return borrow && (grants?.coversAll(near.scopes) ?? true) ? near.scopes : [own];
}

function wordOf(path: string): string {
  const word = (path.split('/')[1] ?? '')
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 64)
    .toLowerCase();
  return SCOPE.test(word) ? word : 'calls';
}
