import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TaskGrants } from '../../src/sts/task-grants.ts';

const CLIENT = 'spiffe://acme.test/agent/invoices';

const ends: readonly [string, (grants: TaskGrants, id: string) => unknown][] = [
  ['given back', (grants, id) => grants.giveBack(id, CLIENT)],
  ['revoked', (grants, id) => grants.revoke(id)],
];

test.each(ends)('a grant that is %s again when that could not be written stays ended', (_, end) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-grants-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [there, away] = [join(folder, 'there'), join(folder, 'away')];
  const file = join(there, 'tasks.json');
  const grants = new TaskGrants({ file, now: Date.now });
  const { id } = grants.register({
    ...{ task: 'run', client: CLIENT, subject: 'idp/alice', actors: [], scopes: ['a'] },
    ...{ audiences: ['spiffe://acme.test/agent/billing'], expiresAt: Date.now() + 60_000 },
  });
  renameSync(there, away);
  writeFileSync(there, 'a file, and no folder');
  expect(() => end(grants, id)).toThrow('cannot write');
  expect(() => end(grants, id)).toThrow('cannot write');
  rmSync(there);
  renameSync(away, there);
  try {
    end(grants, id);
  } catch {
    // It has ended, and may say so.
  }
  expect(new TaskGrants({ file, now: Date.now }).list).toEqual([]);
});
