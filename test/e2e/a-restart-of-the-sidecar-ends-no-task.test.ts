import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startSidecar, type Sidecar } from '../../src/app/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { callOut } from '../support/outbound.ts';
import { taskWorld, type TaskWorld } from '../support/tasks.ts';

const FILE = { 'outbound.tasks': 'tasks.json' };

/** The same sidecar once more, from the same files. */
async function again(w: TaskWorld, flags: Readonly<Record<string, string>>): Promise<Sidecar> {
  await w.sidecar.drain();
  const sts = `https://127.0.0.1:${w.service?.port ?? w.sts.port}/token`;
  const named = { 'token-service.url': sts, 'token-service.id': 'spiffe://acme.test/sts' };
  const { config } = loadConfig(join(w.folder, 'sidegate.yaml'), {
    flags: {
      ...{ 'outbound.listen': 'unix:out.sock', 'inbound.upstream': w.upstream },
      ...named,
      ...flags,
    },
    ...{ trust: [], variables: {}, folder: w.folder },
  });
  const output = { write: () => undefined, terminal: false, colours: false };
  const sidecar = await startSidecar({ config, output });
  onTestFinished(async () => {
    sidecar.stopNow();
    await sidecar.drain();
  });
  return sidecar;
}

const fileOf = (w: TaskWorld) => join(w.folder, 'tasks.json');

it('where they are kept in a file, which belongs to its owner and holds no token and no handle', async () => {
  const w = await taskWorld({ flags: FILE });
  const handle = await w.start('run-7');
  expect(statSync(fileOf(w)).mode & 0o777).toBe(0o600);
  const text = readFileSync(fileOf(w), 'utf8');
  expect(text).not.toContain(handle);
  expect(text).not.toContain('eyJ');
  const [{ taskGrant, id } = {}] = await w.ended(1);
  expect(JSON.parse(text)).toMatchObject({
    ...{ version: 1 },
    tasks: [
      { task: 'run-7', grant: taskGrant, agent: 'planner', callId: id, scopes: ['invoices:read'] },
    ],
  });
  const sidecar = await again(w, FILE);
  expect((await callOut({ sidecar }, { peer: 'billing', handle })).status).toBe(200);
  const ended = { method: 'DELETE', path: '/task', handle, headers: { host: 'sidegate.internal' } };
  expect((await callOut({ sidecar }, ended)).status).toBe(204);
  expect(JSON.parse(readFileSync(fileOf(w), 'utf8'))).toEqual({ version: 1, tasks: [] });
});

it('and one that had ended stays so, with the token service still to be told', async () => {
  const w = await taskWorld({ real: false, flags: FILE });
  const handle = await w.start();
  w.sts.answer((_, response) => void response.writeHead(500).end());
  expect((await w.finish(handle)).status).toBe(503);
  const sidecar = await again(w, FILE);
  const out = await callOut({ sidecar }, { peer: 'billing', handle });
  expect(out.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
  w.sts.answer((_, response) => void response.writeHead(204).end());
  const ended = { method: 'DELETE', path: '/task', handle, headers: { host: 'sidegate.internal' } };
  expect((await callOut({ sidecar }, ended)).status).toBe(204);
});

it('without a file it ends all', async () => {
  const w = await taskWorld({ real: false });
  const handle = await w.start();
  const sidecar = await again(w, {});
  const out = await callOut({ sidecar }, { peer: 'billing', handle });
  expect(out.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
});

const broken: readonly [string, (text: string) => string, string][] = [
  ['cut short', (text) => text.slice(0, -9), 'it is no list of tasks'],
  ['empty', () => '', 'it is no list of tasks'],
  ['of a later version', (text) => text.replace('"version":1', '"version":2'), 'version: '],
  ['with something more', (text) => text.replace('"ended"', '"x":1,"ended"'), 'tasks.0: '],
  ['with something less', (text) => text.replace('"onBehalf":true,', ''), 'tasks.0.onBehalf: '],
  ['with what is no hash', (text) => text.replace(/"handle":"./, '"handle":"'), 'tasks.0.handle: '],
  ['with an end that is none', (text) => text.replace(/"endsAt":\d+/, '"endsAt":"x"'), 'endsAt: '],
  [
    'with one handle twice',
    (text) => text.replace(/\[(\{.*\})\]/, '[$1,$1]'),
    'one handle stands for two tasks',
  ],
];

it.each(broken)(
  'one that is %s stops the start, and nothing of it is told',
  async (_, spoil, why) => {
    const w = await taskWorld({ real: false, flags: FILE });
    await w.start('a-name-that-nobody-has');
    const text = spoil(readFileSync(fileOf(w), 'utf8'));
    writeFileSync(fileOf(w), text);
    const failed: unknown = await again(w, FILE).catch((error: unknown) => error);
    if (!(failed instanceof Error)) throw new Error('it started');
    expect(failed.message).toContain(`${fileOf(w)} cannot be understood: `);
    expect(failed.message).toContain(why);
    expect(failed.message).not.toContain('a-name-that-nobody-has');
    expect(readFileSync(fileOf(w), 'utf8')).toBe(text);
  },
);
