import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS, flagOf } from '../../src/config/index.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { HOME, PAGES, namesIn, proseOf, readPage, regionOf, rowsOf } from './page.ts';

const LINKING = [
  ...PAGES,
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'certs/README.md'],
  'examples/invoices-agent/README.md',
];
/** A name in backticks that begins like this is a path in the checkout. */
const PATH =
  /^(?:src|test|scripts|docs|examples|schema|bench|bin|\.ci)\/[\w./-]*$|^[\w.-]+\.(?:md|ya?ml)$/;

describe('what the documentation points to', () => {
  it.each(LINKING)('%s: every relative link leads somewhere', (page) => {
    const links = [...proseOf(readPage(page)).matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] ?? '');
    const broken = links.filter((link) => !/^[a-z]+:/.test(link) && !leads(page, link));
    expect(broken).toEqual([]);
  });

  it.each(PAGES)('%s: every file that is named exists', (page) => {
    const named = namesIn(proseOf(readPage(page))).filter((name) => PATH.test(name));
    expect(named.filter((name) => !existsSync(join(HOME, name)))).toEqual([]);
  });

  it.each(PAGES)('%s: every command that is named exists', (page) => {
    const known = new Set(COMMANDS.map(({ name }) => name));
    const named = namesIn(proseOf(readPage(page))).flatMap(
      (name) => /^(?:npx )?sidegate ([a-z]+)/.exec(name)?.[1] ?? [],
    );
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(PAGES)('%s: every npm script that is named exists', (page) => {
    const manifest = JSON.parse(readFileSync(`${HOME}package.json`, 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...readPage(page).matchAll(/\bnpm run ([a-z]+)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const page = readPage('docs/architecture.md');
  const rooms = rowsOf(regionOf(page, 'rooms'));
  const rules = readFileSync(`${HOME}test/architecture.test.ts`, 'utf8');

  it('has every room of src, and no other', () => {
    const entries = readdirSync(`${HOME}src`);
    const named = rooms.flatMap(([, room = '']) => namesIn(room));
    expect(named.toSorted()).toEqual(entries.map((name) => name.replace('.ts', '')).toSorted());
  });

  it('has each room on the floor, and with the packages, that the rules give it', () => {
    const floors = rooms.map(([floor = '', room = '']) => [namesIn(room)[0], Number(floor)]);
    expect(Object.fromEntries(floors)).toEqual(constantOf(rules, 'FLOORS'));
    const owners = rooms.flatMap(([, room = '', , owns = '']) =>
      namesIn(owns).map((name) => [name, namesIn(room)[0]]),
    );
    expect(Object.fromEntries(owners)).toEqual(constantOf(rules, 'OWNERS'));
  });

  it('has every stage of the corridor', () => {
    const stages = readdirSync(`${HOME}src/proxy/stages`).map((name) => name.replace('.ts', ''));
    const table = page.slice(page.indexOf('| stage |'));
    const named = rowsOf(table.slice(0, table.indexOf('\n\n'))).flatMap(([name = '']) =>
      namesIn(name),
    );
    expect(named.toSorted()).toEqual([...stages, 'refuse', 'record'].toSorted());
  });

  it('names only functions and types that the source has', () => {
    const source = readdirSync(`${HOME}src`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(`${HOME}src/${name}`, 'utf8'))
      .join('\n');
    const words = namesIn(proseOf(page)).filter((name) => /^[A-Za-z]+[A-Z][A-Za-z]+$/.test(name));
    expect(words.length).toBeGreaterThan(30);
    const missing = words.filter((word) => !new RegExp(`\\b${word}\\b`).test(source + rules));
    expect(missing).toEqual([]);
  });
});

describe('the flags that the documentation uses', () => {
  it.each(PAGES)('%s: exist', (page) => {
    const known = new Set([
      ...SETTINGS.flatMap((setting) => [setting.flag, flagOf(setting)]),
      ...['trust', 'config', 'help-all', 'upstream', 'dir', 'watch', 'json', 'policy', 'version'],
      ...['lift', 'list', 'wait'],
      ...['for', 'token-scopes', 'via'],
      // Of curl and npm.
      ...['unix-socket', 'cert', 'key', 'global'],
    ]);
    const used = [...readPage(page).matchAll(/(?:^|[\s`])--([a-z][a-z-]*(?:\.[a-z-]+)*)/gm)].map(
      (m) => m[1],
    );
    expect(used.filter((flag) => !known.has(flag))).toEqual([]);
  });
});

function leads(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(HOME, page) : join(HOME, dirname(page), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined || statSync(target).isDirectory()) return true;
  const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)];
  return headings.some(([, heading = '']) => slugOf(heading) === anchor);
}

/** As GitHub makes it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

/** A constant of the architecture test: it is read as text, for importing a test would run it. */
function constantOf(text: string, name: string): Record<string, string | number> {
  const body = new RegExp(`const ${name}[^=]*= \\{([^}]*)\\}`).exec(text)?.[1] ?? '';
  const pairs = [...body.matchAll(/'?([\w@-]+)'?: '?([\w-]+)'?/g)];
  return Object.fromEntries(
    pairs.map(([, key = '', value = '']) => [key, /^\d+$/.test(value) ? Number(value) : value]),
  );
}
