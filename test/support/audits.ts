import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createTelemetry, sealWith, type Seal, type Telemetry } from '../../src/telemetry/index.ts';
import { aCall, aDenial, ended } from './calls.ts';
import { keptOutput, type KeptOutput } from './output.ts';
import { throwawayCa, type Credential } from './pki.ts';

export const SIGNER = 'spiffe://acme.test/agent/invoices';
const ca = throwawayCa({ trustDomain: 'acme.test' });
export const CA_PEM = ca.certPem;

export function aCredential(): Credential {
  return ca.issue({ id: SIGNER });
}

export function sealOf({ chainPem, certPem, key }: Credential): Seal {
  const { fingerprint256 } = new X509Certificate(certPem);
  const certSha256 = fingerprint256.replaceAll(':', '').toLowerCase();
  return sealWith({ certPem: chainPem, certSha256 }, key);
}

/** A folder that is gone when the test is over. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Auditing extends Telemetry {
  readonly output: KeptOutput;
  /** One call with this ID. */
  readonly call: (id: string) => void;
  readonly denial: (id: string) => void;
}

const credential = aCredential();

/** Telemetry with an audit that is signed. */
export function auditing(file: string, more: { seal?: () => Seal } = {}): Auditing {
  const output = keptOutput();
  const seal = more.seal ?? (() => sealOf(credential));
  const telemetry = createTelemetry({ output, audit: { file, onFull: 'refuse' }, seal });
  const denial = aDenial('SCOPE_MISSING', { missing: 'invoices:write' });
  return {
    ...telemetry,
    output,
    call: (id) => telemetry.emit(ended(aCall({ id }))),
    denial: (id) => telemetry.emit(ended(aCall({ id, denial, method: 'POST' }), { status: 403 })),
  };
}

/** A file with so many calls, written by a sidecar that was stopped in order. */
export async function anAudit(file: string, calls = 6): Promise<void> {
  const audit = auditing(file);
  for (let i = 0; i < calls; i++) audit.call(`call-${i}`);
  await audit.close();
}

/** The lines of a file, parsed; the last one must be whole. */
export function linesOf(file: string): Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is not whole');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
