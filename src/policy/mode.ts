import type { Denial, Mode, PinnedPolicy, RouteEntry } from '../call/index.ts';

/** How strictly a route is held at a moment (milliseconds since the epoch). */
export function routeMode(route: RouteEntry, now: number): Mode {
  if (route.shadowUntil !== undefined && now < route.shadowUntil) return 'shadow';
  return route.mode;
}

/**
 * How strictly a denial is held: by its own rule, or by the file where no route decided. Whether its code may be
 * softened at all is the catalogue's business.
 */
export function denialMode(policy: PinnedPolicy, denial: Denial, now: number): Mode {
  if (denial.rule === undefined || denial.nearest) return policy.mode;
  return routeMode(denial.rule, now);
}
