import type { YamlSource } from '../lib/index.ts';
import type { Draft } from './draft.ts';
import { fieldOf, sectionOf } from './section.ts';

type Section = 'agents' | 'routes';

const TOP_KEYS = ['version', 'trustDomain', 'mode', 'issuers', 'agents', 'routes', 'peers'];

/** Adds scopes to the end of an agent's list, in the style in which the list is written. */
export function addScopes(
  source: YamlSource,
  draft: Draft,
  name: string,
  scopes: readonly string[],
): void {
  const value = fieldOf(fieldOf(source.value, 'agents'), name);
  const path = Array.isArray(value) ? ['agents', name] : ['agents', name, 'scopes'];
  const list: unknown = Array.isArray(value) ? value : fieldOf(value, 'scopes');
  const texts = scopes.map(scalar);
  if (!Array.isArray(list) || list.length === 0) {
    const open = source.valueAt(path);
    draft.replace({ line: open.line, column: open.column + 1 }, 0, texts.join(', '));
    return;
  }
  const last = source.valueAt([...path, list.length - 1]);
  const lead = last.text.slice(0, last.column - 1);
  if (/^ *- +$/.test(lead)) {
    for (const text of texts.toReversed()) draft.insertBelow(last.line, lead + text);
    return;
  }
  const quotes = /^['"]/.test(last.text.slice(last.column - 1)) ? 2 : 0;
  const column = last.column + String(list.at(-1)).length + quotes;
  draft.replace({ line: last.line, column }, 0, `, ${texts.join(', ')}`);
}

export function enable(source: YamlSource, draft: Draft, name: string): void {
  draft.replace(source.valueAt(['agents', name, 'disabled']), 'true'.length, 'false');
}

/** Lists one more method in a route's key. */
export function addMethod(source: YamlSource, draft: Draft, key: string, method: string): void {
  const at = source.keyAt(['routes', key]);
  const quote = /^['"]/.test(at.text.slice(at.column - 1)) ? 1 : 0;
  draft.replace({ line: at.line, column: at.column + quote + key.indexOf(' ') }, 0, `,${method}`);
}

/** Adds an entry to a map: below the entry `near`, or below the last one. */
export function addEntry(
  source: YamlSource,
  draft: Draft,
  entry: { section: Section; key: string; value: string; near?: string | undefined },
): void {
  const { section, key, value } = entry;
  const keys = sectionOf(source, section).map(([one]) => one);
  const open = source.valueAt([section]);
  if (open.text[open.column - 1] === '{') {
    const text = `'${key.replaceAll("'", "''")}': ${value}${keys.length === 0 ? '' : ', '}`;
    draft.replace({ line: open.line, column: open.column + 1 }, 0, ` ${text}`);
    return;
  }
  const near = entry.near !== undefined && keys.includes(entry.near) ? entry.near : keys.at(-1);
  if (near === undefined) return;
  const at = source.keyAt([section, near]);
  const indent = ' '.repeat(at.column - 1);
  draft.insertBelow(lastLineOf({ source, draft, section, key: near }), `${indent}${key}: ${value}`);
}

/** The last line of an entry: what follows up to the next key, without blank lines and comments at its end. */
function lastLineOf(at: {
  source: YamlSource;
  draft: Draft;
  section: Section;
  key: string;
}): number {
  const { source, draft, section } = at;
  const first = source.keyAt([section, at.key]).line;
  const siblings = sectionOf(source, section).map(([key]) => source.keyAt([section, key]));
  const tops = TOP_KEYS.map((key) => source.keyAt([key]));
  const below = [...siblings, ...tops].map(({ line }) => line).filter((line) => line > first);
  let last = Math.min(...below, draft.lineCount + 1) - 1;
  while (last > first && /^\s*(?:#|$)/.test(draft.lineAt(last))) last -= 1;
  return last;
}

/** A scope as YAML text: without a colon it might be read as something else, such as `true`. */
function scalar(scope: string): string {
  return scope.includes(':') ? scope : `'${scope}'`;
}
