import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { AuditTrail } from '../../src/telemetry/audit-trail.ts';
import { verifyAudit } from '../../src/telemetry/verify/index.ts';
import { voucherOf } from '../../src/tls/index.ts';
import { aFolder, auditing, linesOf } from '../support/audits.ts';

function files() {
  const folder = aFolder();
  return { folder, file: join(folder, 'audit.jsonl'), old: join(folder, 'audit.1') };
}

const intact = async (...names: string[]) => {
  const options = { vouch: voucherOf(undefined), from: 1, running: false, signer: undefined };
  return (await verifyAudit(names, options)).faults;
};

const ids = (...names: string[]): unknown[] =>
  names.flatMap((name) => linesOf(name).flatMap(({ event, id }) => (event === 'call' ? [id] : [])));

describe('an audit file that was moved, and the signal', () => {
  it('ends with a head, and the new one goes on: no line lost, none twice, one chain', async () => {
    const { file, old } = files();
    const audit = auditing(file);
    const all = Array.from({ length: 3000 }, (_, i) => `call-${i}`);
    for (const id of all) {
      audit.call(id);
      if (id === 'call-700') await audit.flush();
      if (id === 'call-1000') renameSync(file, old);
      if (id === 'call-1500') expect(audit.reopen()).toEqual({ ok: true });
      if (id === 'call-2000') await audit.flush();
    }
    await audit.close();
    expect(ids(old, file)).toEqual(all);
    expect(linesOf(old).at(-1)).toMatchObject({ event: 'head', why: 'rotated' });
    expect(linesOf(file).at(-1)).toMatchObject({ event: 'head', why: 'exit' });
    expect(await intact(old, file)).toEqual([]);
    expect(await intact(old)).toEqual([]);
  });

  it('the new file has in it what verifies it', async () => {
    const { file, old } = files();
    const audit = auditing(file);
    audit.call('one');
    await audit.flush();
    renameSync(file, old);
    audit.reopen();
    audit.call('two');
    await audit.close();
    expect(linesOf(file).filter(({ event, cert }) => event === 'head' && cert)).toHaveLength(1);
  });

  it('without a move is only a reload: the file goes on without a head', async () => {
    const { file } = files();
    const audit = auditing(file);
    audit.call('one');
    expect(audit.reopen()).toEqual({ ok: true });
    audit.call('two');
    await audit.flush();
    expect(linesOf(file).map(({ event }) => event)).toEqual(['call', 'call']);
    await audit.close();
  });

  it('takes the file that logrotate has made, with its mode', async () => {
    const { file, old } = files();
    const audit = auditing(file);
    audit.call('one');
    await audit.flush();
    renameSync(file, old);
    writeFileSync(file, '');
    chmodSync(file, 0o640);
    audit.reopen();
    audit.call('two');
    await audit.close();
    expect(ids(file)).toEqual(['two']);
    expect(await intact(old, file)).toEqual([]);
  });

  it('leaves the old file in use if the new one cannot be opened, and everybody is told', async () => {
    const { file, old } = files();
    const audit = auditing(file);
    audit.call('one');
    await audit.flush();
    renameSync(file, old);
    mkdirSync(file);
    expect(audit.reopen()).toMatchObject({
      ok: false,
      why: expect.stringContaining('a folder') as unknown,
    });
    expect(audit.output.lines().join()).toContain('the old file goes on');
    audit.call('two');
    await audit.close();
    expect(ids(old)).toEqual(['one', 'two']);
    expect(await intact(old)).toEqual([]);
  });
});

describe('an audit file that was moved without a signal', () => {
  it('is noticed at the second look, and a new one is begun', async () => {
    const { file, old } = files();
    const log = vi.fn();
    const trail = new AuditTrail({
      settings: { file, onFull: 'refuse' },
      log,
      dropped: () => undefined,
      now: Date.now,
      seal: () => undefined,
    });
    trail.add('{"id":"one"}', 'done', undefined);
    await trail.flush();
    renameSync(file, old);
    await trail.look();
    expect(existsSync(file)).toBe(false);
    await trail.look();
    expect(log.mock.calls.map(([level]) => level as string)).toEqual(['warn', 'info']);
    trail.add('{"id":"two"}', 'done', undefined);
    await trail.close();
    expect(linesOf(file)).toMatchObject([{ id: 'two', seq: 2 }]);
    rmSync(old);
  });
});
