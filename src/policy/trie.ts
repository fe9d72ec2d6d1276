import type { PathEntry } from './path-entry.ts';
import type { Segment } from './template.ts';

interface Node {
  /** Undefined while there are none: most nodes of a large policy have none, and looking costs a cache miss. */
  literals: Map<string, Node> | undefined;
  name: Node | undefined;
  /** The template that ends here, and the one that ends here in `/**`. */
  leaf: PathEntry | undefined;
  rest: PathEntry | undefined;
  /** Some template at or below this node. */
  readonly example: PathEntry;
}

/**
 * Templates by segment. A search never meets a node twice, because every node has one way to it, and it looks into one
 * literal of each at most: its cost is bounded by the templates that begin as the path does, whatever the caller sends.
 */
export class Trie {
  readonly #root: Node;
  /** Of the longest template: what a path has beyond it is not even split. */
  #depth = 0;

  constructor(entries: readonly [PathEntry, ...PathEntry[]], spell: (literal: string) => string) {
    this.#root = node(entries[0]);
    for (const entry of entries) this.#add(entry, spell);
  }

  /** The most specific template that matches: literal before `{name}` before `/**`, segment by segment. */
  find(path: string): PathEntry | undefined {
    return search(this.#root, this.#segments(path), 0);
  }

  /** All that match, the most specific first. */
  all(path: string): PathEntry[] {
    const found: PathEntry[] = [];
    collect(this.#root, this.#segments(path), 0, found);
    return found;
  }

  /** A template that has as many first segments in common with the path as any, if it has one. */
  nearest(path: string): PathEntry | undefined {
    const best = { node: this.#root, depth: 0 };
    deepest(this.#root, this.#segments(path), 0, best);
    if (best.depth === 0) return undefined;
    return best.node.leaf ?? best.node.example;
  }

  #add(entry: PathEntry, spell: (literal: string) => string): void {
    const { segments } = entry.template;
    this.#depth = Math.max(this.#depth, segments.length);
    let at = this.#root;
    for (const segment of segments) {
      if (segment.kind === 'rest') {
        at.rest ??= entry;
        return;
      }
      at = child(at, segment, entry, spell);
    }
    at.leaf ??= entry;
  }

  #segments(path: string): readonly string[] {
    return path === '/' ? [] : path.slice(1).split('/', this.#depth + 1);
  }
}

function node(example: PathEntry): Node {
  return { literals: undefined, name: undefined, leaf: undefined, rest: undefined, example };
}

function child(
  parent: Node,
  segment: Exclude<Segment, { kind: 'rest' }>,
  entry: PathEntry,
  spell: (literal: string) => string,
): Node {
  if (segment.kind === 'name') return (parent.name ??= node(entry));
  const text = spell(segment.text);
  const literals = (parent.literals ??= new Map<string, Node>());
  let next = literals.get(text);
  if (next === undefined) literals.set(text, (next = node(entry)));
  return next;
}

function search(at: Node, segments: readonly string[], index: number): PathEntry | undefined {
  const segment = segments[index];
  if (segment === undefined) return at.leaf;
  // Only a slash at the end makes an empty segment, and that is matched by what began before it alone.
  if (segment === '') return undefined;
  const literal = at.literals?.get(segment);
  const found = literal === undefined ? undefined : search(literal, segments, index + 1);
  if (found !== undefined) return found;
  const named = at.name === undefined ? undefined : search(at.name, segments, index + 1);
  return named ?? at.rest;
}

function collect(at: Node, segments: readonly string[], index: number, found: PathEntry[]): void {
  const segment = segments[index];
  if (segment === undefined && at.leaf !== undefined) found.push(at.leaf);
  if (segment === undefined || segment === '') return;
  const literal = at.literals?.get(segment);
  if (literal !== undefined) collect(literal, segments, index + 1, found);
  if (at.name !== undefined) collect(at.name, segments, index + 1, found);
  if (at.rest !== undefined) found.push(at.rest);
}

function deepest(
  at: Node,
  segments: readonly string[],
  index: number,
  best: { node: Node; depth: number },
): void {
  if (index > best.depth) [best.node, best.depth] = [at, index];
  const segment = segments[index];
  if (segment === undefined || segment === '') return;
  const literal = at.literals?.get(segment);
  if (literal !== undefined) deepest(literal, segments, index + 1, best);
  if (at.name !== undefined) deepest(at.name, segments, index + 1, best);
}
