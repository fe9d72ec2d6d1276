const DAY = 86_400_000;

/** `2026-09-30` -> the end of that day, UTC, in milliseconds since the epoch. Undefined if there is no such day. */
export function parseUntil(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const start = Date.parse(`${text}T00:00:00Z`);
  // The parser takes 30 February for 1 March.
  if (Number.isNaN(start) || !new Date(start).toISOString().startsWith(text)) return undefined;
  return start + DAY;
}
