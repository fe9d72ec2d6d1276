import { expect, it } from 'vitest';
import { generateSigningKey, signAccessToken } from '../../src/token/index.ts';
import {
  AUDIENCE,
  ISSUER,
  confirmation,
  idOf,
  tokenPolicy,
  tokenWorld,
} from '../support/tokens.ts';
import type { TokenWorld } from '../support/tokens.ts';
import { claimsOf, type Claims } from '../support/issuer.ts';
import { OK, scriptedAgent } from '../support/scripted-agent.ts';

const past = () => Math.floor(Date.now() / 1000) - 600;

/** What planner presents, and the code that it is refused with. */
type Story = (w: TokenWorld) => Promise<{ authorization?: string }> | { authorization?: string };
const claims =
  (changes: Claims): Story =>
  (w) =>
    w.bearer('planner', changes);

const STORIES: readonly (readonly [string, string, Story])[] = [
  ['none at all', 'TOKEN_MISSING', () => ({})],
  ['a password instead', 'TOKEN_MISSING', () => ({ authorization: 'Basic cGxhbm5lcjpwdw==' })],
  ['no token behind the scheme', 'MALFORMED_REQUEST', () => ({ authorization: 'Bearer' })],
  ['two tokens in one field', 'MALFORMED_REQUEST', () => ({ authorization: 'Bearer a.b.c, d' })],
  ['something that is no JWT', 'TOKEN_MALFORMED', () => ({ authorization: 'Bearer abc' })],
  ['one for another audience', 'TOKEN_WRONG_AUDIENCE', claims({ aud: 'https://other.test' })],
  ['one of another client', 'TOKEN_WRONG_PRESENTER', claims({ client_id: idOf('billing') })],
  [
    'one whose outermost actor is another agent',
    'TOKEN_WRONG_PRESENTER',
    claims({ act: { sub: idOf('billing') } }),
  ],
  ['one that has expired', 'TOKEN_EXPIRED', claims({ iat: past(), exp: past() + 300 })],
  ['one that is bound to nothing', 'TOKEN_UNBOUND', claims({ cnf: undefined })],
  ['one of an unknown issuer', 'TOKEN_UNTRUSTED', claims({ iss: 'https://elsewhere.test' })],
  ['one that somebody else signed', 'TOKEN_UNTRUSTED', forged],
];

async function forged(w: TokenWorld) {
  const key = await generateSigningKey();
  const own = { client_id: idOf('planner'), cnf: confirmation(w.as('planner')) };
  const token = await signAccessToken(claimsOf(ISSUER, AUDIENCE, own), key);
  return { authorization: `Bearer ${token}` };
}

it('whatever is wrong with a token, the call is refused with its code, and the agent hears nothing', async () => {
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const route = '  GET /: { scopes: [], token: required, onBehalfOf: required }';
  const w = await tokenWorld({ policy: tokenPolicy(route), upstream: agent.upstream });
  const found: [string, string][] = [];
  for (const [name, , story] of STORIES) {
    const headers = await story(w);
    const answer = await w.call({ as: 'planner', path: '/', headers });
    found.push([name, String(answer.json().code)]);
  }
  expect(found).toEqual(STORIES.map(([name, code]) => [name, code]));
  expect(agent.heads).toEqual([]);
  const good = await w.call({ as: 'planner', path: '/', headers: await w.bearer('planner') });
  expect(good.status).toBe(200);
});

it.each([
  'access_token=x',
  'a=1&access_token=x',
  '%61ccess_token=x',
  'access%5Ftoken',
  'access_token',
])('a token in the query is refused: ?%s', async (query) => {
  const w = await tokenWorld({
    policy: tokenPolicy('  GET /invoices: { scopes: [], token: optional, withoutToken: [] }'),
  });
  const answer = await w.call({ as: 'planner', path: `/invoices?${query}` });
  expect(answer.status).toBe(400);
  expect(answer.json().code).toBe('MALFORMED_REQUEST');
  expect((await w.call({ as: 'planner', path: '/invoices?xaccess_token=1' })).status).toBe(200);
});

it('two Authorization fields, or two proofs, are refused before anybody asks which one counts', async () => {
  const w = await tokenWorld({ policy: tokenPolicy('  GET /invoices: []') });
  const ends = '\r\nconnection: close\r\n\r\n';
  for (const pair of ['Authorization: Bearer a\r\nauthorization: Bearer b', 'DPoP: a\r\ndpop: b']) {
    const socket = await w.raw(w.as('planner'));
    socket.write(`GET /invoices HTTP/1.1\r\nhost: x\r\n${pair}${ends}`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 400 .*MALFORMED_REQUEST/s);
  }
});

it('where the route does not mention tokens, one is refused: nobody would have looked at it', async () => {
  const w = await tokenWorld({ policy: tokenPolicy('  GET /invoices: []') });
  const answer = await w.call({
    as: 'planner',
    path: '/invoices',
    headers: await w.bearer('planner'),
  });
  expect(answer.status).toBe(401);
  expect(answer.json().code).toBe('TOKEN_NOT_TAKEN');
  expect(answer.headers['www-authenticate']).toBe('mTLS');
  expect((await w.call({ as: 'planner', path: '/invoices' })).status).toBe(200);
});
