import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Ledger } from './ledger.ts';

interface Line {
  readonly event?: string;
  readonly id?: string;
  readonly code?: string;
  readonly how?: string;
}

/** Holds the audit against what callers saw: one line for each ID, with the code that the caller was told. */
export async function checkAudit(file: string, ledger: Ledger): Promise<void> {
  const codes = new Map<string, string>();
  /** Whose answer was under way when something ended it; its last byte may have come through all the same. */
  const late = new Set<string>();
  const begun = new Set<string>();
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const { event, id = '', code = '', how } = JSON.parse(text) as Line;
    if (event === 'begun') begun.add(id);
    if (event !== 'call' && event !== 'refused-connection') continue;
    if (codes.has(id)) ledger.fault('two audit lines for one call', id);
    codes.set(id, code);
    if (how !== undefined && how !== 'complete') late.add(id);
  }
  ledger.count('audit lines', codes.size);
  for (const [id, told] of ledger.told) {
    const written = codes.get(id);
    if (written === undefined) ledger.fault('a call without an audit line', id);
    else if (told !== undefined && written !== told && !(told === 'OK' && late.has(id)))
      ledger.fault('the audit says another code', `${id}: told ${told}, written ${written}`);
  }
  for (const id of begun)
    if (!codes.has(id)) ledger.fault('a call that begins in the audit and never ends', id);
}
