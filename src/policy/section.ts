import type { YamlSource } from '../lib/index.ts';

/** The keys and values of a top-level map as they stand, whatever they are; none if it is no map. */
export function sectionOf(source: YamlSource, name: string): readonly [string, unknown][] {
  const section = fieldOf(source.value, name);
  return isMap(section) ? Object.entries(section) : [];
}

/** A field of a value that may be anything. */
export function fieldOf(value: unknown, name: string): unknown {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
