import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Tells on standard error what is loaded, by a hook of Node's own loader. */
const SPY = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { process._rawDebug('LOADED ' + url); return next(url, context); } });
`)}`;

function loadedBy(...args: readonly string[]): string[] {
  const command = ['--import', SPY, `${ROOT}bin/sidegate.js`, ...args];
  const { stderr } = spawnSync(process.execPath, command, { cwd: tmpdir(), encoding: 'utf8' });
  const loaded = [...stderr.matchAll(/^LOADED (.*)$/gm)].map((match) => match[1] ?? '');
  expect(loaded.some((url) => url.endsWith('src/main.ts'))).toBe(true);
  return loaded.map((url) => url.slice(url.indexOf(ROOT) + ROOT.length));
}

const OTHER = /^src\/cli\/(init|check|why|call|explain|test|demo)\b/;
const ROOM = /^src\/(ca|policy|proxy|tls|upstream|telemetry|status|config|app)\//;

test('the help loads no room', () => {
  expect(loadedBy('--help').filter((file) => ROOM.test(file))).toEqual([]);
});

test.each([
  { args: ['matrix', '--help'], rooms: ['policy'] },
  { args: ['ca', '--help'], rooms: ['ca'] },
])('$args.0 loads what it needs, and no other command', ({ args, rooms }) => {
  const loaded = loadedBy(...args);
  const seen = loaded.flatMap((file) => ROOM.exec(file)?.[1] ?? []);
  expect(new Set(seen)).toEqual(new Set(rooms));
  const others = loaded.filter((file) => OTHER.test(file));
  expect(others).toEqual([]);
});

test('run loads nothing that only other commands need', () => {
  const loaded = loadedBy('run', '--help');
  expect(loaded).toContain('src/app/index.ts');
  expect(loaded.filter((file) => /^src\/(ca|sts)\/|node-forge|oidc-provider/.test(file))).toEqual(
    [],
  );
  const commands = loaded.filter((file) => OTHER.test(file));
  expect(commands).toEqual([]);
});
