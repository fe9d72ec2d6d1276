import { appendFileSync, copyFileSync, writeFileSync } from 'node:fs';
import { expect, describe, it } from 'vitest';
import { anAudit, auditing, CA_PEM } from '../support/audits.ts';
import { isClearFault, newSandbox } from './sandbox.ts';

async function audited() {
  const box = newSandbox();
  await anAudit(box.file('audit.jsonl'), 3);
  box.write('ca.crt', CA_PEM);
  return box;
}

describe('sidegate audit verify', () => {
  it('says of an intact audit who signed it and how far, with exit code 0', async () => {
    const box = await audited();
    const { code, out } = await box.run('audit', 'verify', 'audit.jsonl', '--roots', 'ca.crt');
    expect(out).toBe(
      '✓ intact: 4 lines (seq 1 to 4), signed up to seq 4 by spiffe://acme.test/agent/invoices\n',
    );
    expect(code).toBe(0);
  });

  it('says that nobody vouched where no roots are named', async () => {
    const { out } = await (await audited()).run('audit', 'verify', 'audit.jsonl');
    expect(out).toContain('Nobody vouched');
  });

  it('names file, line and seq of what was changed, and what that means, with exit code 1', async () => {
    const box = await audited();
    box.write('audit.jsonl', box.read('audit.jsonl').replace('call-1', 'call-7'));
    const { code, out } = await box.run('audit', 'verify', 'audit.jsonl', '--roots', 'ca.crt');
    expect(out).toMatch(/^✗ audit\.jsonl:2: seq 2: this line is not what seq 3 says .*\n {2}\S/);
    expect(out).toContain('✗ not intact: 4 lines');
    expect(code).toBe(1);
  });

  it('--json has the same for scripts', async () => {
    const box = await audited();
    copyFileSync(box.file('audit.jsonl'), box.file('twice.jsonl'));
    const { code, out } = await box.run('audit', 'verify', 'audit.jsonl', 'twice.jsonl', '--json');
    expect(code).toBe(1);
    const report = JSON.parse(out) as object;
    expect(report).toMatchObject({
      intact: false,
      vouched: false,
      lines: 8,
      faults: [{ code: 'begin' }],
    });
  });

  it.each([
    [['audit', 'verify']],
    [['audit', 'verify', 'nowhere.jsonl']],
    [['audit', 'verify', 'audit.jsonl', '--roots', 'nowhere.crt']],
    [['audit', 'verify', 'audit.jsonl', '--from', 'x']],
    [['audit', 'query']],
    [['audit', 'query', 'audit.jsonl', '--since', 'yesterday']],
    [['audit', 'query', 'audit.jsonl', '--decision', 'perhaps']],
  ])('%j is a fault of usage with a remedy', async (args) => {
    const ran = await (await audited()).run(...args);
    expect(ran.code).toBe(2);
    expect(isClearFault(ran)).toBe(true);
  });
});

describe('sidegate audit query', () => {
  async function calls() {
    const box = newSandbox();
    const audit = auditing(box.file('audit.jsonl'));
    audit.call('aaaa1111');
    audit.denial('bbbb2222');
    audit.call('bbbb3333');
    await audit.close();
    return box;
  }

  it.each([
    [[], ['aaaa1111', 'bbbb2222', 'bbbb3333']],
    [
      ['--id', 'bbbb'],
      ['bbbb2222', 'bbbb3333'],
    ],
    [['--decision', 'deny'], ['bbbb2222']],
    [
      ['--code', 'OK'],
      ['aaaa1111', 'bbbb3333'],
    ],
    [['--agent', 'billing', '--code', 'SCOPE_MISSING'], ['bbbb2222']],
    [['--agent', 'spiffe://acme.test/agent/billing', '--id', 'a'], ['aaaa1111']],
    [['--agent', 'planner'], []],
    [['--trace', '1'.repeat(32), '--id', 'a'], ['aaaa1111']],
    [
      ['--since', '2026-07-01T12:00:00Z', '--until', '2026-07-01T12:00:01Z', '--id', 'a'],
      ['aaaa1111'],
    ],
    [['--since', '2026-07-01T12:00:00.001Z'], []],
    [['--until', '2026-07-01T12:00:00Z'], []],
  ])('%j finds what matches, in order', async (flags, ids) => {
    const { code, out, err } = await (
      await calls()
    ).run('audit', 'query', 'audit.jsonl', ...flags, '--json');
    const found = out.split('\n').slice(0, -1);
    expect(found.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids);
    expect([code, err]).toEqual([0, '']);
  });

  it('shows a line a call as the terminal does, with its time and ID', async () => {
    const { out } = await (
      await calls()
    ).run('audit', 'query', 'audit.jsonl', '--decision', 'deny');
    expect(out).toBe(
      '2026-07-01T12:00:00.000Z  bbbb2222  ✗ 403 SCOPE_MISSING  billing  POST /invoices/INV-1001  invoices:write  policy.yaml:21\n',
    );
  });

  it('tells bad lines with their number, shows the others, and ends with 1', async () => {
    const box = await calls();
    appendFileSync(box.file('audit.jsonl'), 'junk\n{"event":"call","id":7}\n{"eve');
    const { code, out, err } = await box.run('audit', 'query', 'audit.jsonl');
    expect(err).toBe("audit.jsonl:5: it is no JSON object\naudit.jsonl:6: its 'time' is no text\n");
    expect(out.split('\n')).toHaveLength(4);
    expect(code).toBe(1);
  });

  it('nothing in a file can steer the terminal', async () => {
    const box = newSandbox();
    const evil = 'a\u001b[2J\u202e';
    const line = { time: evil, event: 'call', id: evil, code: 'OK', decision: 'allow' };
    const more = { spiffeId: evil, agent: evil, method: evil, path: evil };
    writeFileSync(box.file('a.jsonl'), `${JSON.stringify({ ...line, ...more })}\n`);
    for (const flags of [[], ['--json']]) {
      const { out } = await box.run('audit', 'query', 'a.jsonl', ...flags);
      for (const character of ['\u001b', '\u202e']) expect(out).not.toContain(character);
    }
  });
});
