import {
  LineCounter,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type Pair,
  type ParsedNode,
  type YAMLMap,
} from 'yaml';
import { SourceFaults, type SourceFault, type SourcePosition } from './fault.ts';

/** Keys and indices from the root of a file down to one value. */
export type YamlPath = readonly PropertyKey[];

/** A YAML file, read: its plain value, and where everything in it stands. */
export class YamlSource {
  readonly file: string;
  readonly value: unknown;
  readonly #root: ParsedNode | null;
  readonly #lines: readonly string[];
  readonly #counter: LineCounter;
  /** A map's pairs by key: files of ten thousand routes are asked for the place of each. */
  readonly #pairs = new WeakMap<YAMLMap, Map<PropertyKey, Pair>>();

  constructor(file: string, text: string, root: ParsedNode | null, counter: LineCounter) {
    this.file = file;
    this.value = root === null ? null : toPlain(root);
    this.#root = root;
    this.#lines = text.split(/\r?\n/);
    this.#counter = counter;
  }

  /** The place of a value, or of the nearest thing above it that exists. */
  valueAt(path: YamlPath): SourcePosition {
    return this.#positionOf(this.#find(path)?.value ?? this.#root);
  }

  /** The place of a key of a map; for anything else, the place of the value. */
  keyAt(path: YamlPath): SourcePosition {
    const found = this.#find(path);
    return this.#positionOf(found?.key ?? found?.value ?? this.#root);
  }

  fault(at: SourcePosition, message: string, remedy: string): SourceFault {
    return { at, message, remedy };
  }

  /** The place of a character offset of the text. */
  positionAt(offset: number): SourcePosition {
    const { line, col } = this.#counter.linePos(offset);
    return {
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      text: this.#lines[Math.max(1, line) - 1] ?? '',
    };
  }

  #positionOf(node: Node | null): SourcePosition {
    return this.positionAt(node?.range?.[0] ?? 0);
  }

  #find(path: YamlPath): { key: Node | null; value: Node | null } | undefined {
    let key: Node | null = null;
    let value: Node | null = this.#root;
    for (const step of path) {
      if (isMap(value)) {
        const pair = this.#pairsOf(value).get(step);
        if (pair === undefined) break;
        key = isNode(pair.key) ? pair.key : null;
        value = isNode(pair.value) ? pair.value : key;
      } else if (isSeq(value)) {
        const item = value.items[Number(step)];
        if (!isNode(item)) break;
        key = null;
        value = item;
      } else break;
    }
    return { key, value };
  }

  #pairsOf(map: YAMLMap): Map<PropertyKey, Pair> {
    let pairs = this.#pairs.get(map);
    if (pairs === undefined) {
      pairs = new Map();
      for (const item of map.items) if (isScalar(item.key)) pairs.set(keyText(item.key), item);
      this.#pairs.set(map, pairs);
    }
    return pairs;
  }
}

/**
 * Reads one YAML document strictly: duplicate keys, anchors, aliases, tags, merge keys, keys that are not plain text and
 * a second document are faults, because two readers could see different policies in them.
 *
 * @throws SourceFaults with every fault of the file
 */
export function readYaml(text: string, file: string): YamlSource {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: counter,
    uniqueKeys: false, // Checked below: by text, as they are read, and without comparing each key with every other.
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    strict: true,
  });
  const [first, second]: readonly (Document.Parsed | undefined)[] = [...documents];
  const source = new YamlSource(file, text, null, counter);
  if (first === undefined) return source;
  const faults: SourceFault[] = first.errors.map((error) =>
    source.fault(
      source.positionAt(error.pos[0]),
      firstSentence(error.message),
      'Mend the YAML here.',
    ),
  );
  if (second !== undefined) {
    const at = source.positionAt(second.range[0]);
    faults.push(source.fault(at, 'a second document begins here', 'Keep one document a file.'));
  }
  visit(first.contents, (_, node) => {
    if (isMap(node)) faults.push(...duplicateKeys(source, node));
    const message = refusedForm(node);
    if (message === undefined) return;
    const offset = isNode(node) ? node.range?.[0] : undefined;
    const keyOffset = isPair(node) && isNode(node.key) ? node.key.range?.[0] : undefined;
    const at = source.positionAt(offset ?? keyOffset ?? 0);
    faults.push(source.fault(at, message, 'Write the value out here.'));
  });
  const [one, ...others] = faults;
  if (one !== undefined) throw new SourceFaults([one, ...others]);
  return new YamlSource(file, text, first.contents, counter);
}

function duplicateKeys(source: YamlSource, map: YAMLMap): SourceFault[] {
  const seen = new Set<string>();
  const faults: SourceFault[] = [];
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    const text = keyText(key);
    if (seen.has(text)) {
      const at = source.positionAt(key.range?.[0] ?? 0);
      const remedy = 'Keep one of the two; which of them would win is not defined.';
      faults.push(source.fault(at, 'map keys must be unique', remedy));
    }
    seen.add(text);
  }
  return faults;
}

function refusedForm(node: unknown): string | undefined {
  if (isAlias(node)) return 'aliases are not allowed';
  if (isPair(node)) return keyFault(node.key);
  if (!isNode(node)) return undefined;
  if ((node as { anchor?: string }).anchor !== undefined) return 'anchors are not allowed';
  if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))
    return 'tags are not allowed';
  return undefined;
}

function keyFault(key: unknown): string | undefined {
  if (!isScalar(key)) return 'a key must be plain text';
  if (key.value === '<<') return 'merge keys are not allowed';
  return undefined;
}

function keyText(key: { value: unknown; source?: string }): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

/** Plain values with null-prototype maps, so that a key such as `__proto__` is a key and nothing else. */
function toPlain(node: unknown): unknown {
  if (isMap(node)) {
    const map = Object.create(null) as Record<string, unknown>;
    for (const item of node.items) {
      if (isScalar(item.key)) map[keyText(item.key)] = toPlain(item.value);
    }
    return map;
  }
  if (isSeq(node)) return node.items.map(toPlain);
  return isScalar(node) ? node.value : null;
}

function firstSentence(message: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.replace(/ at line \d+, column \d+:?$/, '').replace(/^./, (c) => c.toLowerCase());
}
