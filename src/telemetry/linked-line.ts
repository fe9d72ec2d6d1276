/** A line of the chain as a reader sees it; of its other fields nothing is known. */
export interface LinkedLine {
  readonly seq: number;
  readonly prev: string;
  readonly event: unknown;
  readonly [field: string]: unknown;
}

/** Undefined for what is no line of a chain. */
export function readLinked(line: Uint8Array): LinkedLine | undefined {
  const value = readObject(line);
  if (value === undefined) return undefined;
  const { seq, prev, event } = value;
  if (!Number.isSafeInteger(seq) || typeof prev !== 'string') return undefined;
  return { ...value, seq: seq as number, prev, event };
}

const BRACE = 0x7b;

/** Undefined for what is no JSON object that begins with its brace, as ours do. */
export function readObject(line: Uint8Array): Record<string, unknown> | undefined {
  // Of a long file that is none of ours, each line would cost an error.
  if (line[0] !== BRACE) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString());
    const object = typeof value === 'object' && value !== null && !Array.isArray(value);
    return object ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
