import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { startTokenServer } from '../../src/app/index.ts';
import { loadStsConfig } from '../../src/config/index.ts';
import { addSigningKey, generateSigningKey, retireSigningKey } from '../../src/token/index.ts';
import { until } from '../support/harness.ts';
import { headerOf, idOf, tokenOf, stsWorld, type StsWorld } from '../support/sts-world.ts';

const WANTED = { audience: idOf('planner'), scope: 'invoices:read' };
const fileOf = ({ folder }: StsWorld) => join(folder, 'certs/sts.keys.json');

async function published(world: StsWorld): Promise<readonly unknown[]> {
  const { body } = await world.ask({ as: 'planner', method: 'GET', path: '/jwks' });
  return (body.keys as { kid: unknown }[]).map(({ kid }) => kid);
}

async function signs(world: StsWorld): Promise<unknown> {
  return headerOf(tokenOf(await world.own('portal', WANTED))).kid;
}

describe('the signing keys', () => {
  test('rotate: the newest signs, the old are published until retired, and what they signed stays good', async () => {
    const world = await stsWorld();
    const before = await signs(world);
    const old = tokenOf(
      await world.own('planner', { audience: idOf('billing'), scope: 'invoices:read' }),
    );
    const [newest] = addSigningKey(fileOf(world), await generateSigningKey());
    // Noticed without being told.
    await until(async () => ((await signs(world)) === newest.kid ? true : undefined));
    expect(await published(world)).toEqual([newest.kid, before]);
    const toLedger = { audience: idOf('ledger'), scope: 'invoices:read' };
    expect((await world.exchange('billing', old, toLedger)).status).toBe(200);
    const young = tokenOf(
      await world.own('planner', { audience: idOf('billing'), scope: 'invoices:read' }),
    );
    expect((await world.exchange('billing', young, toLedger)).status).toBe(200);
    retireSigningKey(fileOf(world), String(before));
    await until(async () => ((await published(world)).length === 1 ? true : undefined));
    const { body } = await world.exchange('billing', old, toLedger);
    expect(body).toEqual({ error: 'invalid_request' });
  });

  test('are the same after a restart', async () => {
    const world = await stsWorld();
    const token = tokenOf(
      await world.own('planner', { audience: idOf('billing'), scope: 'invoices:read' }),
    );
    const again = await world.again();
    expect(await signs(again)).toBe(headerOf(token).kid);
    const form = { audience: idOf('ledger'), scope: 'invoices:read' };
    expect((await again.exchange('billing', token, form)).status).toBe(200);
  });

  test.each([
    ['missing', (file: string) => rmSync(file), 'there is no such file'],
    ['empty', (file: string) => writeFileSync(file, '{"keys":[]}'), 'are broken'],
    ['garbled', (file: string) => writeFileSync(file, 'nonsense'), 'are broken'],
    [
      'public only',
      (file: string) =>
        writeFileSync(file, readFileSync(file, 'utf8').replace(/,\s*"d": "[^"]*"/, '')),
      'are broken',
    ],
    ['open to everybody', (file: string) => chmodSync(file, 0o644), 'open to every user'],
  ])('that are %s: no start, and on a reload the old stay', async (_, spoil, said) => {
    const world = await stsWorld();
    const before = await signs(world);
    spoil(fileOf(world));
    expect(world.server.reload().filter(({ ok }) => !ok)).toMatchObject([{ what: 'keys' }]);
    expect(await signs(world)).toBe(before);
    expect(world.log()).toContain(said);
    const config = loadStsConfig(join(world.folder, 'sts.yaml'));
    const output = { write: () => undefined, terminal: false, colours: false };
    await expect(startTokenServer({ config, output })).rejects.toThrow(said);
  });

  test('are written for their owner alone, their public half for everybody', async () => {
    const world = await stsWorld();
    const mode = (name: string) => statSync(join(world.folder, name)).mode & 0o777;
    expect(mode('certs/sts.keys.json')).toBe(0o600);
    expect(mode('certs/sts.jwks.json')).toBe(0o644);
    expect(readFileSync(join(world.folder, 'certs/sts.jwks.json'), 'utf8')).not.toContain('"d"');
  });

  test('whose two halves do not fit are refused', async () => {
    const world = await stsWorld();
    const [own] = addSigningKey(fileOf(world), await generateSigningKey());
    const { d } = await generateSigningKey();
    writeFileSync(fileOf(world), JSON.stringify({ keys: [{ ...own, d }] }));
    expect(world.server.reload().filter(({ ok }) => !ok)).toMatchObject([{ what: 'keys' }]);
  });

  test('nothing is printed by the package below: no setting of ours is one that it warns of', async () => {
    const printed = ['log', 'info', 'warn', 'error'].map((name) =>
      vi.spyOn(console, name as 'log').mockImplementation(() => undefined),
    );
    const world = await stsWorld();
    await signs(world);
    await world.exchange('planner', await world.foreign('keycloak', {}), {
      audience: idOf('billing'),
      scope: 'invoices:read',
    });
    await world.exchange('planner', 'broken', WANTED);
    await world.ask({ as: 'thief', form: 'grant_type=x', headers: { accept: 'text/html' } });
    const calls = printed.flatMap((spy) => spy.mock.calls);
    for (const spy of printed) spy.mockRestore();
    expect(calls).toEqual([]);
  });
});
