import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { makeBase } from './base.ts';
import type { Instruction, Stage } from './dockerfile.ts';

interface State {
  readonly root: string;
  user: string;
  folder: string;
  readonly env: Record<string, string>;
}

export interface Built {
  readonly root: string;
  readonly user: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Carries out the stages of a Dockerfile in folders of `work`, each RUN in a chroot; gives the last one. */
export function buildImage(stages: readonly Stage[], context: string, work: string): Built {
  const built = new Map<string, State>();
  for (const { base, name, steps } of stages) {
    const root = join(work, name);
    makeBase(base, root);
    const state: State = { root, user: '0:0', folder: '/', env: {} };
    for (const step of steps) carryOut(step, state, { context, built });
    built.set(name, state);
  }
  const last = built.get(stages.at(-1)?.name ?? '');
  if (last === undefined) throw new TypeError('the Dockerfile has no stage');
  return last;
}

function carryOut(
  { name, flags, rest }: Instruction,
  state: State,
  from: { readonly context: string; readonly built: ReadonlyMap<string, State> },
): void {
  if (name === 'USER') state.user = rest;
  if (name === 'ENV')
    Object.assign(state.env, Object.fromEntries(rest.split(' ').map((pair) => pair.split('='))));
  if (name === 'WORKDIR')
    mkdirSync(join(state.root, (state.folder = resolve(state.folder, rest))), { recursive: true });
  if (name === 'RUN') run(rest, state);
  if (name !== 'COPY') return;
  const source = flags.from === undefined ? from.context : from.built.get(flags.from)?.root;
  if (source === undefined) throw new TypeError(`there is no stage ${String(flags.from)}`);
  copy(rest.split(/\s+/), { source, state, owner: flags.chown ?? '0:0' });
}

function run(command: string, { root, user, folder, env }: State): void {
  const line = `cd ${folder} && ${command}`;
  execFileSync('/usr/sbin/chroot', [`--userspec=${user}`, root, '/bin/sh', '-ec', line], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', ...certificates(), ...env },
  });
}

/** A build machine may have certificates of its own between it and the registry of packages. */
function certificates(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS } = process.env;
  return NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
}

/** As COPY does it: a folder's content goes into the target, a file keeps its name if the target is a folder. */
function copy(
  words: readonly string[],
  {
    source,
    state,
    owner,
  }: { readonly source: string; readonly state: State; readonly owner: string },
): void {
  const to = words.at(-1) ?? '';
  const target = join(state.root, resolve(state.folder, to));
  for (const word of words.slice(0, -1)) {
    const file = join(source, word);
    const into = !statSync(file).isDirectory() && to.endsWith('/');
    const place = into ? join(target, basename(file)) : target;
    cpSync(file, place, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    execFileSync('chown', ['-R', owner, place]);
  }
}
