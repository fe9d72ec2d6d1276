// node scripts/try-image.ts: builds the file system of the Dockerfile without a registry or an engine, on Debian's own
// packages, and runs it as the image would run: as its user, read-only, without privileges. Needs root, debootstrap and apt.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { buildImage, type Built } from './image/build.ts';
import { ended, startContainer } from './image/container.ts';
import { stagesOf, wordsOf, type Stage } from './image/dockerfile.ts';

const HOME = resolve(import.meta.dirname, '..');
const BIN = join(HOME, 'bin/sidegate.js');
const TOOLS = [
  'debootstrap',
  'dpkg-deb',
  'apt-get',
  'chroot',
  'unshare',
  'nsenter',
  'setpriv',
  'npm',
];
const SHELLS = ['bin/sh', 'bin/bash', 'bin/dash', 'bin/busybox', 'usr/bin/env', 'usr/bin/apt-get'];
const PORTS = { '127.0.0.1:8443': '127.0.0.1:18443', '127.0.0.1:9464': '127.0.0.1:19464' };

const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
if (process.getuid?.() !== 0) console.log('skipped: it takes root, for chroot');
else if (missing.length > 0) console.log(`skipped: ${missing.join(', ')} missing`);
else {
  const work = mkdtempSync(join(tmpdir(), 'sidegate-image-'));
  try {
    await tryImage(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function tryImage(work: string): Promise<void> {
  const stages = stagesOf(readFileSync(join(HOME, 'Dockerfile'), 'utf8'));
  const final = stages.at(-1);
  if (final === undefined) throw new TypeError('the Dockerfile has no stage');
  const image = buildImage(stages, HOME, work);
  tell('size', execFileSync('du', ['-sh', image.root], { encoding: 'utf8' }).split('\t')[0] ?? '');
  const shells = SHELLS.filter((file) => existsSync(join(image.root, file)));
  expect('there is no shell and no package manager in it', shells.length === 0, shells.join(' '));
  configure(work, image.user);
  const agent = await startAgent(work, image.user);
  try {
    await tryRunning(work, image, final);
  } finally {
    agent.close();
  }
}

/** As `sidegate init` makes it, with the image's own places for what is written. */
function configure(work: string, owner: string): void {
  const etc = join(work, 'etc');
  const upstream = ['--upstream', 'unix:/run/agent/agent.sock'];
  execFileSync(process.execPath, [BIN, 'init', 'invoices', ...upstream, '--dir', etc]);
  const file = join(etc, 'sidegate.yaml');
  let text = readFileSync(file, 'utf8')
    .replace('unix:run/sidegate.sock', 'unix:/run/sidegate/admin.sock')
    .replace('run/audit.jsonl', '/var/lib/sidegate/audit.jsonl');
  for (const [from, to] of Object.entries(PORTS)) text = text.replace(from, to);
  writeFileSync(file, text);
  execFileSync('chown', ['-R', owner, etc]);
}

async function startAgent(work: string, owner: string): Promise<Server> {
  const path = join(work, 'agent', 'agent.sock');
  mkdirSync(join(work, 'agent'));
  const agent = createServer((request, response) =>
    response.end(`for ${String(request.headers['x-sidegate-agent'])}\n`),
  );
  await new Promise<void>((done) => agent.listen({ path }, done));
  execFileSync('chown', [owner, path]);
  return agent;
}

async function tryRunning(work: string, image: Built, final: Stage): Promise<void> {
  const began = performance.now();
  const words = [...wordsOf(final, 'ENTRYPOINT'), ...wordsOf(final, 'CMD')];
  const container = startContainer(image, work, words);
  const exited = once(container.child, 'exit');
  try {
    for (let tries = 0; tries < 200 && (await get('/readyz')) === ''; tries++) await pause(20);
    tell('ready after', `${Math.round(performance.now() - began)} ms`);
    const at = ['--dir', join(work, 'etc/certs'), '--to', 'https://localhost:18443'];
    const args = [BIN, 'call', 'client', 'GET', '/', ...at];
    const called = await ended(spawn(process.execPath, args, { stdio: 'pipe' }));
    expect('a call through it is answered', called.said.includes('for client'), called.said);
    const open = /^process_open_fds \d/m.test(await get('/metrics'));
    expect('its metrics include those that are read from /proc', open, '');
    const health = await container.exec(wordsOf(final, 'HEALTHCHECK'));
    expect('its health check says that it is ready', health.code === 0, health.said);
    const spoken = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
    const cached = await container.exec([...wordsOf(final, 'ENTRYPOINT'), '--version'], spoken);
    const hits = cached.said.match(/ success, size=/g)?.length ?? 0;
    expect('its compile cache is used', hits > 5, cached.said.slice(0, 1000));
    const status = container.status();
    const powerless = /CapEff:\s0+\n/.test(status) && /NoNewPrivs:\s1/.test(status);
    expect('it has no capability and cannot get one', powerless, status);
  } finally {
    container.child.kill('SIGTERM');
    const [code] = (await exited) as [number];
    expect('it ends with 0 after SIGTERM', code === 0, String(code));
  }
}

function get(path: string): Promise<string> {
  return fetch(`http://127.0.0.1:19464${path}`).then(
    (response) => response.text(),
    () => '',
  );
}

function tell(what: string, value: string): void {
  console.log(`  ${what}: ${value}`);
}

function expect(what: string, holds: boolean, otherwise: string): void {
  console.log(`${holds ? '✓' : '✗'} ${what}${holds || otherwise === '' ? '' : `: ${otherwise}`}`);
  if (!holds) process.exitCode = 1;
}
