import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** Imports only go down; rooms on one floor never import each other. */
const FLOORS: Readonly<Record<string, number>> = {
  lib: 0,
  spiffe: 1,
  files: 2,
  call: 3,
  policy: 4,
  tls: 4,
  upstream: 4,
  telemetry: 4,
  state: 4,
  ca: 4,
  token: 4,
  sts: 4,
  proxy: 5,
  status: 5,
  config: 6,
  app: 7,
  cli: 8,
  main: 9,
};

/** Each package, or scope of packages, has one room that knows it; zod, the vocabulary for shapes, may be used anywhere. */
const OWNERS: Readonly<Record<string, string>> = {
  yaml: 'lib',
  undici: 'upstream',
  'prom-client': 'telemetry',
  pino: 'telemetry',
  'node-forge': 'ca',
  '@opentelemetry': 'telemetry',
  commander: 'cli',
  jose: 'token',
  'oidc-provider': 'sts',
};

/** Rooms without I/O: what a security reviewer reads, and what users can import as a library. */
const PURE = ['lib', 'spiffe', 'policy'];
const IO = /^node:(?!crypto$|buffer$)/;

/** Proofs are made in one place each. */
const MAKERS: Readonly<Record<string, readonly string[]>> = {
  verifiedPeer: ['call', 'tls'],
  provenAuthority: ['call', 'proxy/stages/prove.ts'],
  proved: ['call', 'proxy/stages/prove.ts'],
  permit: ['call', 'proxy/stages/decide.ts'],
  consent: ['call', 'proxy/outbound/stages/agree.ts'],
  shadow: ['call', 'proxy/deny.ts', 'proxy/stages/admit.ts'],
};

const IMPORT =
  /^(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

interface Source {
  readonly file: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(join(SRC, file), 'utf8');
    const room = file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '');
    const imports = [...text.matchAll(IMPORT)].map(([, a, b, c]) => a ?? b ?? c ?? '');
    return { file, room, text, imports };
  });

function ownerOf(name: string): string | undefined {
  return OWNERS[name] ?? OWNERS[name.startsWith('@') ? name.slice(0, name.indexOf('/')) : name];
}

function targetOf(source: Source, specifier: string): string {
  return relative(SRC, resolve(dirname(join(SRC, source.file)), specifier));
}

const between = sources.flatMap((source) =>
  source.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ source, target: targetOf(source, specifier) }))
    .map(({ source: from, target }) => ({
      from,
      target,
      room: target.includes('/')
        ? target.slice(0, target.indexOf('/'))
        : target.replace(/\.ts$/, ''),
    }))
    .filter(({ from, room }) => from.room !== room),
);

describe('the house', () => {
  it('was found: every room is on a floor, and the rules below have something to hold', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(between.length).toBeGreaterThan(50);
    expect(
      [...new Set(sources.map(({ room }) => room))].filter((room) => !(room in FLOORS)),
    ).toEqual([]);
  });

  it('imports go down only, never to a neighbour on the same floor', () => {
    const wrong = between
      .filter(({ from, room }) => (FLOORS[room] ?? 99) >= (FLOORS[from.room] ?? -1))
      .map(({ from, target }) => `${from.file} -> ${target}`);
    expect(wrong).toEqual([]);
  });

  it('a room is entered by its door only', () => {
    const wrong = between
      .filter(({ room, target }) => target !== `${room}/index.ts` && target !== `${room}.ts`)
      .map(({ from, target }) => `${from.file} -> ${target}`);
    expect(wrong).toEqual([]);
  });

  it('each package is known to one room', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && name !== 'zod')
        .filter((name) => ownerOf(name) !== source.room)
        .map((name) => `${source.file} -> ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('pure rooms do no I/O', () => {
    const wrong = sources
      .filter(({ room }) => PURE.includes(room))
      .flatMap(({ file, imports }) =>
        imports.filter((name) => IO.test(name)).map((n) => [file, n]),
      );
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(MAKERS))('only its makers call %s', (maker, places) => {
    const users = sources.filter(({ text }) => new RegExp(`\\b${maker}\\(`).test(text));
    expect(users.length).toBeGreaterThan(0);
    const wrong = users
      .map(({ file }) => file)
      .filter((file) => !places.some((place) => file === place || file.startsWith(`${place}/`)));
    expect(wrong).toEqual([]);
  });

  it('nothing but the command line reads the environment', () => {
    const wrong = sources
      .filter(
        ({ room, text }) => !['cli', 'main'].includes(room) && /process\.(env|argv)/.test(text),
      )
      .map(({ file }) => file);
    expect(wrong).toEqual([]);
  });

  it('no file is too long to be one thing', () => {
    const long = sources
      .map(({ file, text }) => ({ file, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > 300)
      .map(({ file, lines }) => `${file}: ${lines}`);
    expect(long).toEqual([]);
  });
});
