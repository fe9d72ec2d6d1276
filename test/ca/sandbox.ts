import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { initCa } from '../../src/ca/index.ts';
import { OperatorFault } from '../../src/lib/index.ts';
import { TrustDomain } from '../../src/spiffe/index.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ACME = TrustDomain.parse('acme.test');

/** A folder that is gone when the test is over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-ca-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A CA for acme.test in a folder of its own, with a clock that stands until it is set. */
export function newCa(options: { at?: number; life?: number } = {}) {
  const folder = newFolder();
  const clock = { at: options.at ?? Math.floor(Date.now() / 1000) * 1000 };
  const now = () => clock.at;
  const life = options.life === undefined ? {} : { life: options.life };
  const ca = initCa({ folder, trustDomain: ACME, now, ...life });
  return { folder, clock, now, ca, file: (name: string) => join(folder, name) };
}

/** The fault that an operation ends with. */
export function faultOf(operation: () => unknown): OperatorFault {
  try {
    operation();
  } catch (error) {
    if (error instanceof OperatorFault) return error;
    throw error;
  }
  throw new Error('there was no fault');
}

export interface OpensslResult {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs the real openssl. */
export function openssl(...args: readonly string[]): OpensslResult {
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { ok: status === 0, output: stdout + stderr };
}

/** `openssl verify` as strict as it can be, with the folder's CRL, at a time. */
export function verify(folder: string, name: string, at: number, ...more: string[]): OpensslResult {
  const file = (ending: string) => join(folder, ending);
  const time = String(Math.floor(at / 1000));
  const trust = ['-CAfile', file('ca.crt'), '-crl_check', '-CRLfile', file('ca.crl')];
  return openssl('verify', '-x509_strict', '-attime', time, ...trust, ...more, file(`${name}.crt`));
}

/** Runs a program on the folder's CA once for every argument, all at once; answers exit codes and outputs. */
export function atOnce(args: readonly string[], folder: string, program: string) {
  const door = new URL('../../src/ca/index.ts', import.meta.url).href;
  const whole = `const { mint, openCa, renew, revoke } = await import(process.argv[1]);
    const [folder, argument] = process.argv.slice(2);
    const ca = openCa({ folder, now: Date.now });
    ${program}`;
  return Promise.all(
    args.map(async (argument) => {
      const child = spawn(process.execPath, ['-e', whole, door, folder, argument]);
      let output = '';
      child.stdout.on('data', (data: Buffer) => (output += data.toString()));
      child.stderr.on('data', (data: Buffer) => (output += data.toString()));
      const [code] = (await once(child, 'close')) as [number];
      return `${code} ${output}`;
    }),
  );
}
