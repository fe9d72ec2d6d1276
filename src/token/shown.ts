const MAX = 80;

/** What a token claims, for the operator: quoted, clipped, and harmless for a terminal. Only for claims that are names. */
export function shown(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'nothing' : `a ${typeof value}`;
  const clipped = value.length > MAX ? `${value.slice(0, MAX)}…` : value;
  return `"${clipped.replace(/[^\x20-\x7e…]|["\\]/g, '?')}"`;
}
