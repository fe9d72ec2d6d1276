import { dirname, resolve } from 'node:path';
import type { ShapedSource, SourceFault, YamlPath, YamlSource } from '../lib/index.ts';
import { SETTINGS, flagOf, variableOf, type Setting } from './settings.ts';

type Section = Record<string, unknown>;
/** A setting, as far as its value may be a file. */
export type Placed = Pick<Setting, 'path' | 'holds'>;

/** What is set outside the file. */
export interface Overrides {
  /** By dotted flag, e.g. `limits.head-timeout`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** `--trust td=roots[,crl]`, as given. */
  readonly trust: readonly string[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What relative files in flags and variables are relative to. */
  readonly folder: string;
}

/** The file with flags and variables laid over it; knows for each value where it comes from. */
export class ConfigSource {
  readonly value: unknown;
  readonly #file: YamlSource;
  readonly #origins = new Map<string, string>();

  constructor(file: YamlSource, overrides: Overrides) {
    this.#file = file;
    const root = clone(file.value);
    if (isSection(root)) {
      resolveFiles(root, dirname(resolve(file.file)));
      for (const setting of SETTINGS) this.#override(root, setting, overrides);
      for (const entry of overrides.trust) this.#trust(root, entry, overrides.folder);
    }
    this.value = root;
  }

  valueAt(path: YamlPath): SourceFault['at'] {
    return this.#outside(path) ?? this.#file.valueAt(path);
  }

  keyAt(path: YamlPath): SourceFault['at'] {
    return this.#outside(path) ?? this.#file.keyAt(path);
  }

  /** The flag or variable that a value comes from. */
  #outside(path: YamlPath): { file: string } | undefined {
    const origin = this.#origins.get(path.map(String).join('.'));
    return origin === undefined ? undefined : { file: origin };
  }

  #override(root: Section, setting: Setting, overrides: Overrides): void {
    const flag = overrides.flags[flagOf(setting)];
    const text = flag ?? overrides.variables[variableOf(setting)];
    if (text === undefined) return;
    const origin = flag === undefined ? variableOf(setting) : `--${flagOf(setting)}`;
    this.#origins.set(setting.path.join('.'), origin);
    put(root, setting.path, typed(setting, atFolder(setting.holds, text, overrides.folder)));
  }

  #trust(root: Section, entry: string, folder: string): void {
    const [domain = '', files = ''] = entry.split('=', 2);
    const [roots = '', crl] = files.split(',', 2);
    this.#origins.set(`trust.${domain}`, '--trust');
    this.#origins.set(`trust.${domain}.roots`, '--trust');
    put(root, ['trust', domain], {
      roots: resolve(folder, roots),
      ...(crl === undefined ? {} : { crl: resolve(folder, crl) }),
    });
  }
}

/** A file that nothing is laid over. */
export function placedSource(file: YamlSource, more: readonly Placed[]): ShapedSource {
  const value = clone(file.value);
  if (isSection(value)) resolveFiles(value, dirname(resolve(file.file)), [...SETTINGS, ...more]);
  return { value, valueAt: (path) => file.valueAt(path), keyAt: (path) => file.keyAt(path) };
}

/** Files in the file are relative to it. */
function resolveFiles(root: Section, folder: string, settings: readonly Placed[] = SETTINGS): void {
  for (const { path, holds } of settings) {
    const at = get(root, path);
    if (typeof at === 'string' && holds !== undefined) put(root, path, atFolder(holds, at, folder));
  }
  const trust = root.trust;
  if (!isSection(trust)) return;
  for (const domain of Object.values(trust)) {
    if (!isSection(domain)) continue;
    for (const key of ['roots', 'crl']) {
      const file = domain[key];
      if (typeof file === 'string') domain[key] = resolve(folder, file);
    }
  }
}

function atFolder(holds: Setting['holds'], text: string, folder: string): string {
  if (holds === 'file' && text !== '') return resolve(folder, text);
  const address = holds === 'address' && /^unix:(.+)$/s.exec(text);
  return address === false || address === null ? text : `unix:${resolve(folder, address[1] ?? '')}`;
}

/** Flags and variables are text; what is no number stays text, and the shape says so. */
function typed(setting: Setting, text: string): unknown {
  if (setting.kind === 'number' && /^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (setting.kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function get(root: Section, path: readonly string[]): unknown {
  let at: unknown = root;
  for (const key of path) at = isSection(at) ? at[key] : undefined;
  return at;
}

function put(root: Section, path: readonly string[], value: unknown): void {
  let at = root;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    if (next === undefined) at[key] = Object.create(null) as Section;
    else if (!isSection(next)) return;
    at = at[key] as Section;
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function clone(value: unknown): unknown {
  if (!isSection(value)) return value;
  const copy = Object.create(null) as Section;
  for (const [key, entry] of Object.entries(value)) copy[key] = clone(entry);
  return copy;
}
