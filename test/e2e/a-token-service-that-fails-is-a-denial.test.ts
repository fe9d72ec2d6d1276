import { expect, it } from 'vitest';
import { giveToken, outboundWorld } from '../support/outbound.ts';
import { answerJson, type Answering } from '../support/peers.ts';
import { idOf } from '../support/tokens.ts';

const GOOD = {
  access_token: 'abc',
  token_type: 'Bearer',
  expires_in: 300,
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
};

function saying(changes: object, status = 200): Answering {
  return (_, response) => answerJson(response, status, { ...GOOD, ...changes });
}

const DOWN = 'TOKEN_SERVICE_UNAVAILABLE';
const SECRET = 'what-only-the-service-knows';

const wrong: readonly [string, Answering, string][] = [
  [
    'refuses',
    saying({ error: 'invalid_target', error_description: SECRET }, 400),
    'EXCHANGE_REFUSED',
  ],
  ['does not know us', saying({ error: 'invalid_client' }, 401), 'EXCHANGE_REFUSED'],
  ['refuses without a word', (_, r) => void r.writeHead(403).end(SECRET), 'EXCHANGE_REFUSED'],
  ['is busy', saying({ error: 'slow_down' }, 429), DOWN],
  ['is broken', (_, r) => void r.writeHead(500).end(SECRET), DOWN],
  ['sends us elsewhere', (_, r) => void r.writeHead(302, { location: '/other' }).end(), DOWN],
  [
    'answers with a page',
    (_, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    DOWN,
  ],
  ['answers with half of it', (_, r) => jsonText(r, '{"access_token":"abc"'), DOWN],
  ['says one thing twice', (_, r) => jsonText(r, '{"access_token":"a","access_token":"b"}'), DOWN],
  ['answers without end', endless, DOWN],
  ['breaks off', (_, r) => void r.destroy(), DOWN],
  ['gives another type of token', saying({ token_type: 'DPoP' }), DOWN],
  ['gives what is no access token', saying({ token_type: 'N_A' }), DOWN],
  [
    'gives an ID token',
    saying({ issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
    DOWN,
  ],
  ['gives more than was asked for', saying({ scope: 'invoices:read invoices:write' }), DOWN],
  ['gives scopes that are no text', saying({ scope: ['invoices:read'] }), DOWN],
  ['does not say for how long', saying({ expires_in: undefined }), DOWN],
  ['says it in words', saying({ expires_in: '300' }), DOWN],
  ['gives a token that is over', saying({ expires_in: 0 }), DOWN],
  ['gives a token that ends the line', saying({ access_token: 'a\r\nx-evil: 1' }), DOWN],
  ['gives a token that is none', saying({ access_token: { a: 1 } }), DOWN],
  ['packs its answer', packed, DOWN],
];

function jsonText(response: Parameters<Answering>[1], text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
}

function endless(_: unknown, response: Parameters<Answering>[1]): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = setInterval(() => response.write(' '.repeat(16_384)), 1);
  response.on('close', () => clearInterval(more));
}

function packed(_: unknown, response: Parameters<Answering>[1]): void {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  response.writeHead(200, headers).end(JSON.stringify(GOOD));
}

it.each(wrong)('one that %s', async (_, answering, code) => {
  const w = await outboundWorld();
  w.sts.answer(answering);
  const handle = await w.handle('planner', {});
  for (const options of [{ peer: 'billing', handle }, { peer: 'ledger' }]) {
    const answer = await w.out(options);
    expect(answer.json()).toMatchObject({ code });
    expect(answer.text).not.toContain(SECRET);
  }
  await w.sent(2);
  expect(w.billing.connections + w.ledger.connections).toBe(0);
  expect(JSON.stringify(await w.audit()) + w.log()).not.toContain(SECRET);
});

it('one that is down, and comes back', async () => {
  const w = await outboundWorld();
  w.sts.show(w.issue({ id: idOf('thief') }));
  expect((await w.out({ peer: 'ledger' })).json()).toMatchObject({ code: DOWN });
  expect((await w.sent(1))[0]?.detail).toContain('PEER_UNTRUSTED');
  expect(w.sts.seen).toEqual([]);
  w.sts.show(w.issue({ id: 'spiffe://acme.test/sts' }));
  expect((await w.out({ peer: 'ledger' })).status).toBe(200);
  w.sts.stop();
  expect((await w.out({ peer: 'ledger' })).status).toBe(200);
  const refused = await w.out({ peer: 'billing', handle: await w.handle('planner', {}) });
  expect(refused.json()).toMatchObject({ code: DOWN });
  expect(refused.headers['retry-after']).toBe('1');
});

it('one that is slow is asked once for all that wait', async () => {
  const w = await outboundWorld();
  let release = (): void => undefined;
  w.sts.answer((seen, response) => (release = () => giveToken(seen, response)));
  const call = w.out({ peer: 'ledger' });
  await expect.poll(() => w.sts.seen.length).toBe(1);
  const second = w.out({ peer: 'ledger' });
  release();
  expect((await call).status).toBe(200);
  expect((await second).status).toBe(200);
  expect(w.sts.seen.length).toBe(1);
});

it('none at all is said at the start, with both places', async () => {
  await expect(outboundWorld({ sts: false })).rejects.toThrow(
    /policy\.yaml:\d+:\d+: the peer billing takes 'authority: delegated', and sidegate.yaml names no 'tokenService'/,
  );
});
