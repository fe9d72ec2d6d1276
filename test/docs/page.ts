import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const HOME = fileURLToPath(new URL('../../', import.meta.url));

/** What the tests of this folder hold: the pages that people read first. */
export const PAGES = [
  'README.md',
  'docs/architecture.md',
  'docs/configuration.md',
  'docs/errors.md',
  'docs/policy.md',
  'docs/tracing.md',
] as const;

export interface Block {
  /** The first word behind the fence. */
  readonly language: string;
  /** What stands behind it, e.g. `refused`. */
  readonly info: string;
  readonly text: string;
  /** Of the opening fence; counts from 1. */
  readonly line: number;
}

export function readPage(page: string): string {
  return readFileSync(`${HOME}${page}`, 'utf8');
}

export function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/^```(\S*) *(.*)\n([^]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    info: match[2] ?? '',
    text: match[3] ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** The text without its blocks, so that what is quoted in them is not taken for the page's own words. */
export function proseOf(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, '');
}

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
export function regionOf(text: string, name: string): string {
  const match = new RegExp(`<!-- ${name} -->([^]*?)<!-- /${name} -->`).exec(text);
  if (match === null) throw new TypeError(`the page has no region '${name}'`);
  return match[1] ?? '';
}

/** The cells of a table, without its head. */
export function rowsOf(table: string): readonly (readonly string[])[] {
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** The names in backticks. */
export function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}
