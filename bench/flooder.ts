// The agent that floods, a process of its own: bench/flood.ts starts it and tells it when.
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';

const [folder = '', origin = ''] = process.argv.slice(2);
const WORKERS = 48;
/** Milliseconds before it knocks again where it was shut out. */
const KNOCK_AGAIN = 50;

// A flood comes from other machines: it must not take the processor from those who are measured.
setPriority(19);
const read = (file: string) => readFileSync(join(folder, 'certs', file));
const connect = { ca: read('ca.crt'), cert: read('flooder.crt'), key: read('flooder.key') };
const counts: Record<string, number> = {};
let flooding = false;

async function work(): Promise<void> {
  const client = new Client(origin, { connect, pipelining: 1 });
  for (;;) {
    if (!flooding) {
      await sleep(5);
      continue;
    }
    const status = await once(client).catch(() => 0);
    counts[status] = (counts[status] ?? 0) + 1;
    if (status === 503 || status === 0) await sleep(KNOCK_AGAIN);
  }
}

async function once(client: Client): Promise<number> {
  const { statusCode, body } = await client.request({ method: 'GET', path: '/invoices/INV-1' });
  await body.dump();
  return statusCode;
}

process.on('message', (word) => {
  if (word === 'end') process.send?.(counts, () => process.exit(0));
  else flooding = word === 'flood';
});
process.on('disconnect', () => process.exit(0));
for (let worker = 0; worker < WORKERS; worker++) void work();
