import type { YamlSource } from '../lib/index.ts';

/** The keys and values of a top-level map as they stand, whatever they are; none if it is no map. */
export function sectionOf(source: YamlSource, name: string): readonly [string, unknown][] {
  return mapOf(fieldOf(source.value, name));
}

/** The keys and values of a value that may be anything; none if it is no map. */
export function mapOf(value: unknown): readonly [string, unknown][] {
  return isMap(value) ? Object.entries(value) : [];
}

/** The texts of a value that may be anything, each with its place in the list; none if it is no list. */
export function textsOf(value: unknown): readonly (readonly [number, string])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((text: unknown, index) =>
    typeof text === 'string' ? [[index, text] as const] : [],
  );
}

/** A field of a value that may be anything. */
export function fieldOf(value: unknown, name: string): unknown {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
