import type { PathEntry } from './path-entry.ts';
import { Trie } from './trie.ts';

/** A path and what some servers would make of it: letter case folded, one slash at the end dropped. */
export function foldPath(path: string): string {
  const slash = path.length > 1 && path.endsWith('/');
  return foldCase(slash ? path.slice(0, -1) : path);
}

/** Beyond ASCII, upper then lower: it brings more together than lower alone, and more is refused then. */
function foldCase(text: string): string {
  const lower = text.toLowerCase();
  // eslint-disable-next-line no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(lower) ? lower : text.toUpperCase().toLowerCase();
}

/** Which template a path belongs to. */
export class Paths {
  /** Templates without braces, whole: most calls end here. None is more specific. */
  readonly #whole: ReadonlyMap<string, PathEntry>;
  readonly #exact: Trie | undefined;
  readonly #folded: Trie | undefined;
  /** No literal has a letter that folding changes: then a path that is folded already has no second reading. */
  readonly #plain: boolean;

  constructor(entries: readonly PathEntry[]) {
    const whole = entries.filter((entry) => entry.whole);
    this.#whole = new Map(whole.map((entry) => [wholePath(entry), entry]));
    const [first, ...others] = entries;
    this.#exact = first && new Trie([first, ...others], (literal) => literal);
    this.#folded = first && new Trie([first, ...others], foldCase);
    this.#plain = entries.every(({ template }) =>
      template.segments.every((one) => one.kind !== 'literal' || one.text === foldCase(one.text)),
    );
  }

  /** The most specific template that matches, byte for byte. A path with an empty segment has none. */
  find(path: string): PathEntry | undefined {
    const whole = this.#whole.get(path);
    if (whole !== undefined) return whole;
    return path.startsWith('/') && !path.includes('//') ? this.#exact?.find(path) : undefined;
  }

  /** A template more specific than the one that won, which the path would match but for case or one last slash. */
  rival(path: string, won: PathEntry): PathEntry | undefined {
    if (won.whole) return undefined;
    const folded = foldPath(path);
    if (this.#plain && folded === path) return undefined;
    const other = this.#folded?.find(folded);
    return other !== undefined && other.template.rank < won.template.rank ? other : undefined;
  }

  /** For a path that matches nothing: what it would match but for case or one last slash. */
  almost(path: string): PathEntry | undefined {
    return path.startsWith('/') ? this.#folded?.find(foldPath(path)) : undefined;
  }

  /** For a path that matches nothing: a template that begins as it does. */
  nearest(path: string): PathEntry | undefined {
    return path.startsWith('/') ? this.#exact?.nearest(path) : undefined;
  }

  /** Every template that matches, the most specific first. */
  all(path: string): readonly PathEntry[] {
    return path.startsWith('/') && !path.includes('//') ? (this.#exact?.all(path) ?? []) : [];
  }
}

function wholePath({ template }: PathEntry): string {
  return `/${template.segments.map((one) => (one.kind === 'literal' ? one.text : '')).join('/')}`;
}
