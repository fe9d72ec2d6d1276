import { expect, it } from 'vitest';
import { outboundWorld, tokenIn } from '../support/outbound.ts';
import { idOf } from '../support/tokens.ts';

it('a delegated peer gets a token for whom the inbound call was made, and never the handle', async () => {
  const w = await outboundWorld();
  const handle = await w.handle('planner', { scope: 'invoices:read' });
  const answer = await w.out({ peer: 'billing', path: '/invoices/1?full=1', handle });
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual({ done: true });
  const [seen] = w.billing.seen;
  expect(seen).toMatchObject({ method: 'GET', path: '/invoices/1?full=1', resumed: false });
  expect(seen?.client).toBe(`URI:${idOf('invoices')}, DNS:localhost, IP Address:127.0.0.1`);
  expect(tokenIn(seen)).toMatchObject({ sub: 'alice', aud: idOf('billing') });
  expect(tokenIn(seen)?.thumbprint).toBe(seen?.thumbprint);
  expect(JSON.stringify(seen?.headers)).not.toContain(handle);
  const form = Object.fromEntries(new URLSearchParams(w.sts.seen[0]?.body));
  expect(form).toMatchObject({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: idOf('invoices'),
    audience: idOf('billing'),
    scope: 'invoices:read',
  });
  const [line] = await w.sent(1);
  const [inbound] = (await w.audit()).filter(({ direction }) => direction === 'inbound');
  expect(line).toMatchObject({
    ...{ direction: 'outbound', decision: 'allow', code: 'OK', status: 200 },
    ...{ peer: 'billing', peerId: idOf('billing'), authority: 'delegated' },
    ...{ inboundId: inbound?.id, inboundAgent: 'planner', spiffeId: idOf('invoices') },
    ...{ subject: { issuer: 'https://sts.acme.test', sub: 'alice' }, onBehalf: true },
    ...{ path: '/invoices/1', how: 'complete' },
  });
});

it('an own peer gets our own token, and a peer without authority gets none', async () => {
  const w = await outboundWorld();
  expect((await w.out({ peer: 'ledger' })).status).toBe(200);
  expect((await w.out({ peer: 'open' })).status).toBe(200);
  const [own, open] = w.ledger.seen;
  expect(tokenIn(own)).toMatchObject({ sub: 'itself', aud: idOf('ledger') });
  expect(tokenIn(open)).toBeUndefined();
  expect(new URLSearchParams(w.sts.seen[0]?.body).get('grant_type')).toBe('client_credentials');
  const lines = await w.sent(2);
  expect(lines.map(({ authority }) => authority)).toEqual(['own', 'none']);
});

it('a peer that may be called with our own authority on behalf of somebody gets our own', async () => {
  const w = await outboundWorld();
  const handle = await w.handle('planner', {});
  expect((await w.out({ peer: 'lent', handle })).status).toBe(200);
  expect(tokenIn(w.ledger.seen[0])).toMatchObject({ sub: 'itself' });
});

it('the body goes there and comes back as it is', async () => {
  const w = await outboundWorld();
  w.ledger.answer(({ body }, response) => response.end(body.toUpperCase()));
  const answer = await w.out({
    peer: 'open',
    method: 'POST',
    path: '/echo',
    body: 'abc'.repeat(1e5),
  });
  expect(answer.text).toBe('ABC'.repeat(1e5));
  expect((await w.sent(1))[0]).toMatchObject({ bytesIn: 3e5, bytesOut: 3e5 });
});
