const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2026-07-01 12:00 UTC`. */
export function dateTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `in 23 hours`, `3 days ago`: as exact as people need it. */
export function fromNow(at: number, now: number): string {
  const span = Math.abs(at - now);
  const length = lengthOf(span);
  return at >= now ? `in ${length}` : `${length} ago`;
}

function lengthOf(span: number): string {
  if (span < 2 * MINUTE) return plural(Math.round(span / 1000), 'second');
  if (span < 2 * HOUR) return plural(Math.round(span / MINUTE), 'minute');
  if (span < 2 * DAY) return plural(Math.round(span / HOUR), 'hour');
  return plural(Math.round(span / DAY), 'day');
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
