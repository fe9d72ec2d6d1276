import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { verifyAudit, type VerifyOptions } from '../../src/telemetry/verify/index.ts';
import { voucherOf } from '../../src/tls/index.ts';
import {
  aCredential,
  aFolder,
  anAudit,
  auditing,
  CA_PEM,
  linesOf,
  sealOf,
  SIGNER,
} from '../support/audits.ts';
import { selfSigned, throwawayCa } from '../support/pki.ts';

const reading = voucherOf(undefined);
const STRICT: VerifyOptions = { vouch: reading, from: 1, running: false, signer: undefined };

const verify = (files: string[], more: Partial<VerifyOptions> = {}) =>
  verifyAudit(files, { ...STRICT, ...more });

const codes = async (files: string[], more: Partial<VerifyOptions> = {}) =>
  (await verify(files, more)).faults.map(({ code, at }) => `${code}:${at.line}`);

async function audited(calls?: number) {
  const folder = aFolder();
  const file = join(folder, 'audit.jsonl');
  await anAudit(file, calls);
  return { file, folder, other: join(folder, 'other.jsonl'), text: readFileSync(file, 'utf8') };
}

describe('an audit of a sidecar that was stopped in order', () => {
  it('is intact, counted from seq 1, signed to its last line by the sidecar', async () => {
    const { file } = await audited();
    expect(await verify([file])).toMatchObject({
      intact: true,
      lines: 7,
      firstSeq: 1,
      lastSeq: 7,
      signedSeq: 7,
      heads: 1,
      signer: SIGNER,
      faults: [],
      notes: [],
    });
    expect(linesOf(file).at(-1)).toMatchObject({ event: 'head', why: 'exit', alg: 'ES256' });
  });

  it('is one chain over restarts, and over files', async () => {
    const { file, folder } = await audited(2);
    await anAudit(file, 2);
    copyFileSync(file, join(folder, 'kept'));
    const { length } = readFileSync(file);
    await anAudit(file, 2);
    const rest = readFileSync(file).subarray(length);
    writeFileSync(file, rest);
    expect(await verify([join(folder, 'kept'), file])).toMatchObject({ intact: true, lastSeq: 9 });
    expect(await codes([file])).toEqual(['begin:1']);
    expect(await codes([file], { from: 7 })).toEqual([]);
    expect((await verify([file, join(folder, 'kept')])).intact).toBe(false);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'sidegate-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));
await anAudit(join(folder, 'valid.jsonl'), 3);
await anAudit(join(folder, 'valid.jsonl'), 3);
const VALID = readFileSync(join(folder, 'valid.jsonl'));

/** Every line with its line break. */
const LINES = VALID.toString().split(/(?<=\n)/);

const index = fc.nat({ max: LINES.length - 1 });
const mutation = fc.oneof(
  fc
    .record({ at: fc.nat({ max: VALID.length - 1 }), to: fc.integer({ min: 1, max: 255 }) })
    .map(({ at, to }) => {
      const bytes = Buffer.from(VALID);
      bytes[at] = (bytes[at]! + to) % 256;
      return bytes;
    }),
  fc.nat({ max: VALID.length - 1 }).map((at) => {
    return Buffer.concat([VALID.subarray(0, at), VALID.subarray(at + 1)]);
  }),
  fc
    .record({ at: fc.nat({ max: VALID.length }), byte: fc.nat({ max: 255 }) })
    .map(({ at, byte }) =>
      Buffer.concat([VALID.subarray(0, at), Buffer.of(byte), VALID.subarray(at)]),
    ),
  index.map((at) => Buffer.from(LINES.toSpliced(at, 1).join(''))),
  index.map((at) => Buffer.from(LINES.toSpliced(at, 0, LINES[at]!).join(''))),
  fc
    .uniqueArray(index, { minLength: 2, maxLength: 2 })
    .map(([a = 0, b = 0]) => Buffer.from(LINES.with(a, LINES[b]!).with(b, LINES[a]!).join(''))),
  fc.nat({ max: VALID.length - 1 }).map((length) => VALID.subarray(0, length)),
  fc.nat({ max: LINES.length - 1 }).map((n) => Buffer.from(LINES.slice(0, n).join(''))),
);

/** Where an earlier process had ended in order: cut back to there, a file is as it once was. No file can tell that. */
const EARLIER_END = Buffer.from(LINES.slice(0, 4).join(''));

describe('one mutation of a good audit', () => {
  it('is found: a byte, a line, the order, a copy, the end', async () => {
    const file = join(folder, 'mutated.jsonl');
    await fc.assert(
      fc.asyncProperty(mutation, async (bytes) => {
        fc.pre(!bytes.equals(VALID) && !bytes.equals(EARLIER_END));
        writeFileSync(file, bytes);
        expect((await verify([file])).intact).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [
      'a changed byte',
      (lines: string[]) => lines.with(1, lines[1]!.replace('OK', 'KO')),
      'changed:2',
    ],
    ['a line that is gone', (lines: string[]) => lines.toSpliced(2, 1), 'missing:3'],
    ['the first line gone', (lines: string[]) => lines.toSpliced(0, 1), 'begin:1'],
    ['a line twice', (lines: string[]) => lines.toSpliced(2, 0, lines[1]!), 'duplicate:3'],
    ['a line of others', (lines: string[]) => lines.toSpliced(2, 0, '{"a":1}\n'), 'foreign:3'],
    ['two lines swapped', (l: string[]) => l.with(1, l[2]!).with(2, l[1]!), 'reordered:3'],
    ['the head gone', (lines: string[]) => lines.slice(0, -1), 'end:6'],
  ] as const)('%s is told where it is', async (_, mutate, fault) => {
    const { file, text } = await audited();
    writeFileSync(file, mutate(text.split(/(?<=\n)/)).join(''));
    expect(await codes([file])).toContain(fault);
  });
});

describe('an end that nothing sealed', () => {
  it('is a fault, unless the sidecar is said to run', async () => {
    const file = join(aFolder(), 'audit.jsonl');
    const audit = auditing(file);
    audit.call('one');
    await audit.flush();
    expect(await codes([file])).toEqual(['end:1']);
    expect(await verify([file], { running: true })).toMatchObject({ intact: true });
    await audit.close();
    expect(await codes([file])).toEqual([]);
  });

  it.each([[1], [40], [400]])('is gone on with after a crash that cut %d bytes', async (cut) => {
    const { file, text } = await audited(3);
    const whole = text
      .split(/(?<=\n)/)
      .slice(0, 3)
      .join('');
    writeFileSync(file, whole);
    truncateSync(file, whole.length - cut);
    expect((await verify([file])).intact).toBe(false);
    await anAudit(file, 2);
    const result = await verify([file]);
    expect(result).toMatchObject({ intact: true, faults: [] });
    const notes = result.notes.map(({ message }) => message).join('\n');
    expect(notes).toContain(cut === 1 ? 'began anew' : 'torn by a crash');
    const mutated = readFileSync(file, 'utf8')
      .replace('call-2', 'call-3')
      .replace('"call-1', '"call-9');
    writeFileSync(file, mutated);
    expect((await verify([file])).intact).toBe(false);
  });

  it('what is torn and was changed since is not taken for a crash', async () => {
    const { file, text } = await audited(3);
    writeFileSync(
      file,
      text
        .split(/(?<=\n)/)
        .slice(0, 3)
        .join('')
        .slice(0, -40),
    );
    await anAudit(file, 1);
    const lines = readFileSync(file, 'utf8').split(/(?<=\n)/);
    writeFileSync(file, lines.with(2, lines[2]!.replace('billing', 'planner')).join(''));
    expect(await codes([file])).toContain('foreign:3');
  });

  it('of another file is not gone on with: a new chain begins, and everybody is told', async () => {
    const file = join(aFolder(), 'audit.jsonl');
    writeFileSync(file, 'not\nours\n');
    const audit = auditing(file);
    audit.call('one');
    await audit.close();
    expect(audit.output.lines().join()).toContain('does not end with a line of its chain');
    expect(await codes([file])).toEqual(['foreign:1', 'foreign:2']);
  });

  it('a process that records nothing leaves the file of a running one as it is', async () => {
    const file = join(aFolder(), 'audit.jsonl');
    const running = auditing(file);
    running.call('one');
    await running.flush();
    await auditing(file).close();
    running.call('two');
    await running.close();
    expect(await codes([file])).toEqual([]);
  });
});

describe('the signature of a head', () => {
  it('needs a certificate that the roots vouch for', async () => {
    const { file, folder } = await audited();
    const roots = join(folder, 'ca.crt');
    writeFileSync(roots, CA_PEM);
    const good = await verify([file], { vouch: voucherOf(roots) });
    expect(good).toMatchObject({ intact: true, signer: SIGNER });
    writeFileSync(roots, throwawayCa({ trustDomain: 'acme.test' }).certPem);
    expect(await codes([file], { vouch: voucherOf(roots) })).toContain('certificate:7');
  });

  it('of somebody else is found, and so is another signer', async () => {
    const { file, folder } = await audited(2);
    const other = 'spiffe://acme.test/agent/other';
    expect(await codes([file], { signer: other })).toContain('signer:3');
    const forged = selfSigned({ id: SIGNER });
    const audit = auditing(file, { seal: () => sealOf(forged) });
    audit.call('made-up');
    await audit.close();
    const roots = join(folder, 'ca.crt');
    writeFileSync(roots, CA_PEM);
    expect(await codes([file], { vouch: voucherOf(roots) })).toContain('certificate:5');
  });

  it('goes over to a renewed certificate, which its first head has in it', async () => {
    const file = join(aFolder(), 'audit.jsonl');
    let seal = sealOf(aCredential());
    const audit = auditing(file, { seal: () => seal });
    audit.call('one');
    await audit.close();
    seal = sealOf(aCredential());
    const next = auditing(file, { seal: () => seal });
    next.call('two');
    await next.close();
    const heads = linesOf(file).filter(({ event }) => event === 'head');
    expect(new Set(heads.map(({ cert }) => cert)).size).toBe(2);
    expect(await codes([file])).toEqual([]);
  });

  it('made after its certificate had ended vouches for nothing', async () => {
    const { file } = await audited();
    const ended: VerifyOptions['vouch'] = (pem) =>
      ({ ...reading(pem), from: 0, until: 1 }) as never;
    expect(await codes([file], { vouch: ended })).toEqual(['end:7']);
  });
});

it('files of any length are read in little memory, and faults are bounded', async () => {
  const file = join(aFolder(), 'big.jsonl');
  for (let i = 0; i < 8; i++) appendFileSync(file, 'x\n'.repeat(50_000));
  appendFileSync(file, 'y'.repeat(5 * 1024 * 1024));
  const result = await verify([file]);
  expect(result.intact).toBe(false);
  expect(result.lines).toBeGreaterThan(400_000);
  expect(result.faults).toHaveLength(20);
});
