import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verifiedPeer } from '../../src/call/index.ts';
import { loadStsConfig, stsShape } from '../../src/config/index.ts';
import { SpiffeId } from '../../src/spiffe/index.ts';
import { tokenRecord } from '../../src/telemetry/token-record.ts';
import { blocksOf, namesIn, readPage, regionOf, rowsOf } from './page.ts';

const page = readPage('docs/token-service.md');

describe('docs/token-service.md', () => {
  it('has an sts.yaml that loads', () => {
    const [sample] = blocksOf(page).filter(({ language }) => language === 'yaml');
    const folder = mkdtempSync(join(tmpdir(), 'sidegate-docs-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'sts.yaml'), sample!.text);
    const { sts, admin } = loadStsConfig(join(folder, 'sts.yaml'));
    expect(sts.keys).toBe(join(folder, 'certs/sts.keys.json'));
    expect(sts.tasks).toEqual({ file: join(folder, 'run/tasks.json'), longest: 86_400_000 });
    expect(admin?.listen).toEqual({ kind: 'unix', path: join(folder, 'run/sts.sock') });
  });

  it('has every setting, and no other', () => {
    const named = rowsOf(regionOf(page, 'settings')).map(([cell = '']) => namesIn(cell)[0]);
    const { sts, ...others } = stsShape.shape;
    const { tasks, ...own } = sts.shape;
    const expected = [
      ...Object.keys(own).map((key) => `sts.${key}`),
      ...Object.keys(tasks.unwrap().shape).map((key) => `sts.tasks.${key}`),
      ...Object.keys(others),
    ];
    expect(named.toSorted()).toEqual(expected.toSorted());
  });

  it('has the fields of an audit line, in their order', () => {
    const named = rowsOf(regionOf(page, 'audit')).flatMap(([cell = '']) => namesIn(cell));
    const spiffeId = SpiffeId.parse('spiffe://acme.test/agent/a');
    const times = { notBefore: 0, notAfter: 1, trustGeneration: 1 };
    const peer = verifiedPeer({ spiffeId, serial: 'a', sha256: 'b', address: 'c', ...times });
    const nothing = { given: [], actors: [], token: undefined, taskGrant: undefined } as const;
    const record = tokenRecord({
      ...{ id: 'i', time: 0, peer, grant: 'none', decision: 'deny', code: 'x', detail: undefined },
      ...{ client: undefined, subject: undefined, subjectToken: undefined },
      ...{ audience: undefined, asked: undefined, ...nothing },
    });
    expect(named).toEqual(Object.keys(record));
  });
});
