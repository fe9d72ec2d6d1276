import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { HOME } from './compiled.ts';

export const FOLDER = join(HOME, 'deploy/prometheus');
export const hasPrometheus = ['prometheus', 'promtool'].every(
  (tool) => spawnSync(tool, ['--version']).error === undefined,
);

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  ask(query: string): Promise<readonly Sample[]>;
  get(path: string): Promise<unknown>;
}

/** The binary with the file of the deployment: only the target and the pace are the test's. */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-prometheus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(FOLDER, folder, { recursive: true });
  const file = join(folder, 'prometheus.yml');
  const text = readFileSync(file, 'utf8').replace('sidegate:9464', target).replace(/15s/g, '200ms');
  writeFileSync(file, text);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`];
  const child = spawn(
    'prometheus',
    [...args, `--web.listen-address=${address}`, '--log.level=error'],
    {
      stdio: 'ignore',
    },
  );
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const get = async (path: string): Promise<unknown> => {
    const { data } = (await (await fetch(`http://${address}${path}`)).json()) as { data: unknown };
    return data;
  };
  return {
    get,
    ask: async (query) => {
      const path = `/api/v1/query?query=${encodeURIComponent(query)}`;
      return get(path).then(
        (data) => (data as { result: Sample[] }).result,
        () => [],
      );
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
