import { expect, it } from 'vitest';
import { outboundWorld } from '../support/outbound.ts';
import { idOf } from '../support/tokens.ts';

it('its handle stands for somebody, and gets no authority: neither theirs nor the agent’s own', async () => {
  const w = await outboundWorld({ flags: { mode: 'shadow' } });
  const self = { sub: idOf('planner') };
  const handle = await w.handle('planner', { act: { ...self, act: self } });
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ decision: 'shadow-deny', code: 'DELEGATION_LOOP' });
  const delegated = await w.out({ peer: 'billing', handle });
  expect(delegated.json().code).toBe('CONTEXT_REFUSED');
  const own = await w.out({ peer: 'ledger', handle });
  expect(own.json().code).toBe('OWN_AUTHORITY_REFUSED');
  expect([...w.billing.seen, ...w.ledger.seen, ...w.sts.seen]).toEqual([]);
});
