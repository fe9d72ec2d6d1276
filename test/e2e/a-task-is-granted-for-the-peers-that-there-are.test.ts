import { expect, it } from 'vitest';
import { STS_AGENTS, TASK_PEERS, taskWorld } from '../support/tasks.ts';
import { idOf } from '../support/tokens.ts';

/** The line of a delegated peer that is where the ledger is. */
function peer(name: string, id: string): string {
  const at = `at: 'https://127.0.0.1:{ledger}', id: '${id}'`;
  return `  ${name}: { ${at}, authority: delegated, scopes: [invoices:read] }`;
}

it('a peer that is disabled at the token service keeps no task for the others from starting', async () => {
  const w = await taskWorld({ peers: `${TASK_PEERS}\n${peer('late', idOf('ledger'))}` });
  expect((await w.work('one')).status).toBe(200);
  const disabled = 'ledger: { scopes: [invoices:read], disabled: true }';
  w.putThere(STS_AGENTS.replace('ledger: [invoices:read]', disabled));
  expect((await w.work('two')).status).toBe(200);
});

it('an agent with seventeen delegated peers may start tasks', async () => {
  const names = Array.from({ length: 16 }, (_, n) => `p${n}`);
  const peers = names.map((name) => peer(name, idOf(name)));
  const w = await taskWorld({ peers: [TASK_PEERS, ...peers].join('\n') });
  const mayCall = `peers: [billing, ledger, ${names.join(', ')}]`;
  const agents = STS_AGENTS.replace('peers: [billing, ledger]', mayCall);
  w.putThere([agents, ...names.map((name) => `  ${name}: [invoices:read]`)].join('\n'));
  expect((await w.work('one')).status).toBe(200);
});
