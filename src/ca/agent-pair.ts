import { OperatorFault } from '../lib/index.ts';
import type { CertificateFacts } from './facts.ts';
import { pairPaths, readPair } from './folder.ts';
import { newestRecord, readIssued, type IssuedRecord } from './issued.ts';

/** What lies in the folder under an agent's name. */
export type AgentPair =
  | { readonly kind: 'intact'; readonly facts: CertificateFacts; readonly record: IssuedRecord }
  /** Half-written or garbled; `template` is what was issued last. */
  | {
      readonly kind: 'broken';
      readonly fault: OperatorFault;
      readonly template: IssuedRecord;
      /** False where the files may be good and only we cannot read them. */
      readonly repairable: boolean;
    }
  /** Not issued to this name by this CA: shown, but never touched. */
  | { readonly kind: 'foreign' };

/** @throws OperatorFault if what the CA remembers of the agent cannot be read */
export function readAgentPair(folder: string, name: string): AgentPair {
  const own = readIssued(folder).filter((record) => record.name === name);
  if (own.length === 0) return { kind: 'foreign' };
  try {
    const { facts } = readPair(pairPaths(folder, name), 'Run: sidegate ca renew');
    const record = own.find(({ serial }) => serial === facts.serial);
    return record === undefined ? { kind: 'foreign' } : { kind: 'intact', facts, record };
  } catch (fault) {
    if (!(fault instanceof OperatorFault)) throw fault;
    const template = newestRecord(folder, name);
    if (template === undefined) return { kind: 'foreign' };
    return { kind: 'broken', fault, template, repairable: isRepairable(fault) };
  }
}

/** A missing or garbled file can be made anew; a system error such as EACCES says nothing about the file. */
function isRepairable(fault: OperatorFault): boolean {
  const { cause } = fault;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === 'ENOENT' || !/^E[A-Z0-9]+$/.test(code);
}
