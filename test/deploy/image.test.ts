import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startInvoicesAgent } from '../../examples/invoices-agent/server.ts';
import { stagesOf, wordsOf } from '../../scripts/image/dockerfile.ts';
import { runIn } from '../cli/sandbox.ts';
import { until } from '../support/harness.ts';
import { HOME, compileTo } from './support/compiled.ts';

const stages = stagesOf(readFileSync(join(HOME, 'Dockerfile'), 'utf8'));
const [build, final] = [stages[0]!, stages.at(-1)!];

describe('the Dockerfile', () => {
  test('pins its bases, and builds with the Node that the tests run on', () => {
    expect(stages.map(({ base }) => base)).not.toContainEqual(
      expect.stringMatching(/:latest$|^[^:]+$/),
    );
    expect(build.base).toContain(`node:${process.versions.node}-`);
  });

  test('runs nothing in the last stage, where there is no shell, and ends as a numbered user', () => {
    expect(final.steps.filter(({ name }) => name === 'RUN')).toEqual([]);
    const user = final.steps.findLast(({ name }) => name === 'USER')?.rest;
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  test('puts the permission model before the program, in the health check too', () => {
    for (const name of ['ENTRYPOINT', 'HEALTHCHECK']) {
      const words = wordsOf(final, name);
      expect(words.slice(0, 2)).toEqual(['/usr/local/bin/node', '--permission']);
      const flags = words.filter((word) => word.startsWith('--allow-'));
      expect(flags.every((flag) => /^--allow-fs-(read|write)=\/\w/.test(flag))).toBe(true);
    }
  });
});

/** The image's paths in a folder of the test, with its configuration, its agent and a compiled program. */
const root = realpathSync(mkdtempSync(join(tmpdir(), 'sidegate-image-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SOCKET = join(root, 'run/agent/agent.sock');

beforeAll(async () => {
  for (const folder of [
    'app',
    'run/agent',
    'run/sidegate',
    'var/lib/sidegate',
    'var/cache/sidegate',
    'etc',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  compileTo(join(root, 'app'));
  const made = await runIn(root, [
    'init',
    'invoices',
    '--upstream',
    `unix:${SOCKET}`,
    '--dir',
    'etc/sidegate',
  ]);
  expect(made).toMatchObject({ code: 0, err: '' });
  const file = join(root, 'etc/sidegate/sidegate.yaml');
  const text = readFileSync(file, 'utf8')
    .replace(/127\.0\.0\.1:(8443|9464)/g, '127.0.0.1:0')
    .replace('unix:run/sidegate.sock', 'unix:../../run/sidegate/admin.sock')
    .replace('run/audit.jsonl', '../../var/lib/sidegate/audit.jsonl');
  writeFileSync(file, text);
});

/** An instruction's command with the image's paths made this folder's. */
function commandOf(name: string): string[] {
  const [, ...words] = wordsOf(final, name);
  const here = words.map((word) => word.replace(/(^|=)\/(app|etc|run|var)\b/, `$1${root}/$2`));
  // Here the packages are those of the checkout, behind a link.
  return [`--allow-fs-read=${join(HOME, 'node_modules')}`, ...here];
}

function startNode(args: readonly string[]) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { NODE_COMPILE_CACHE: join(root, 'var/cache/sidegate') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(([code]) => Number(code));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended, said: () => said };
}

describe('the compiled program under the permissions of the image', () => {
  test('serves, notices a changed policy, writes its audit, answers its operator, and drains', async () => {
    const agent = await startInvoicesAgent({ listen: `unix:${SOCKET}` });
    onTestFinished(() => agent.close());
    const file = join(root, 'etc/sidegate/sidegate.yaml');
    const run = startNode([...commandOf('ENTRYPOINT'), 'run', '--config', file]);
    const at = await until(() => {
      if (run.child.exitCode !== null) throw new Error(run.said());
      return /https:\/\/(127\.0\.0\.1:\d+)/.exec(run.said())?.[1];
    });
    const certs = ['--dir', 'etc/sidegate/certs', '--to', `https://localhost:${at.split(':')[1]}`];
    const called = await runIn(root, ['call', 'client', 'GET', '/', ...certs]);
    expect(`${called.out}${called.err}`).not.toContain('UPSTREAM');
    const policy = join(root, 'etc/sidegate/policy.yaml');
    writeFileSync(policy, `${readFileSync(policy, 'utf8')}# changed\n`);
    await until(() => (/the policy \w+ is in force/.test(run.said()) ? true : undefined));
    const why = await runIn(root, ['why', 'last', '--config', file]);
    expect(why.err).toBe('');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    const audit = readFileSync(join(root, 'var/lib/sidegate/audit.jsonl'), 'utf8');
    expect(audit).toContain('"agent":"client"');
    expect(run.said()).not.toMatch(/ERR_ACCESS_DENIED|"level":"error"/);
  });

  test('may start no process and read nothing else', async () => {
    const flags = commandOf('ENTRYPOINT').filter((word) => word.startsWith('--'));
    const tries = `
      const codes = [
        () => require('node:fs').readFileSync('/etc/passwd'),
        () => require('node:fs').writeFileSync('${root}/app/bin/sidegate.js', ''),
        () => require('node:child_process').spawnSync('/bin/true'),
        () => new (require('node:worker_threads').Worker)('1', { eval: true }),
      ].map((attempt) => { try { attempt(); return 'done'; } catch (error) { return error.code; } });
      console.log(JSON.stringify(codes));`;
    const run = startNode([...flags, '-e', tries]);
    await run.ended;
    expect(JSON.parse(run.said())).toEqual(Array(4).fill('ERR_ACCESS_DENIED'));
  });

  test('its health check can be asked, and says that nobody is there', async () => {
    const run = startNode(commandOf('HEALTHCHECK'));
    expect(await run.ended).toBe(1);
    expect(run.said()).toMatch(/^not ready: /);
  });
});
