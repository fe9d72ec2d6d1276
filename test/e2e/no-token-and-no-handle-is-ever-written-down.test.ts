import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { expect, it } from 'vitest';
import { generateSigningKey, signAccessToken } from '../../src/token/index.ts';
import { claimsOf, type Claims } from '../support/issuer.ts';
import { outboundWorld } from '../support/outbound.ts';
import { answerJson, type Answering } from '../support/peers.ts';
import { ISSUER, confirmation, idOf } from '../support/tokens.ts';
import { OWN, PUBLIC_URL, scene, type Scene } from './leaks/scene.ts';
import { Secrets } from './leaks/secrets.ts';

/** A token of alice for our sidecar, which planner carries. */
async function tokenFor({ w, secrets }: Scene, changes: Claims = {}): Promise<string> {
  return secrets.token('of a caller', await w.token('planner', { aud: OWN, ...changes }));
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const past = () => Math.floor(Date.now() / 1000) - 600;

/** Calls that come in, allowed and refused for everything that can be wrong with a token. */
async function comeIn(s: Scene): Promise<void> {
  const asPlanner = (token: string, path = '/needed') =>
    s.call({ as: 'planner', path, headers: bearer(token) });
  const good = await tokenFor(s);
  expect((await asPlanner(good))?.status).toBe(200);
  await s.call({ as: 'thief', path: '/needed', headers: bearer(good) });
  await asPlanner(good, '/plain');
  await asPlanner(good, '/nowhere');
  await asPlanner(good, `/needed?access_token=${good}`);
  await asPlanner(good, `/needed/${good}`);
  await s.call({ as: 'planner', path: '/plain', headers: { 'x-request-id': good } });
  const wrong: readonly Claims[] = [
    { aud: 'https://other.test' },
    { client_id: idOf('billing') },
    { iat: past(), exp: past() + 300 },
    { cnf: undefined },
    { iss: 'https://elsewhere.test' },
    { scope: 'invoices:write' },
    { sub: idOf('planner') },
    { act: { sub: idOf('planner'), act: { sub: idOf('stranger') } } },
  ];
  for (const changes of wrong) await asPlanner(await tokenFor(s, changes));
  const bound = { client_id: idOf('planner'), cnf: confirmation(s.w.as('planner')) };
  const forged = await signAccessToken(claimsOf(ISSUER, OWN, bound), await generateSigningKey());
  await asPlanner(s.secrets.token('of a caller', forged));
  await asPlanner(s.secrets.token('of a caller', good.slice(0, -9)));
  await asPlanner(s.secrets.token('of a caller', `${good.split('.').slice(1).join('.')}.x`));
  const head = `GET /needed HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${good}\r\n`;
  await s.raw(`${head}authorization: Bearer ${good}\r\n\r\n`);
  await s.raw(`${head}no field ${good}\r\n\r\n`);
  await s.raw(`GET /needed HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${good},${good}\r\n\r\n`);
  await s.raw(`GET /needed%2f..?access_token=${good} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await proveIt(s);
}

/** Tokens that are bound to a key: with a good proof, with the same again, and without one. */
async function proveIt(s: Scene): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const jwk = publicKey.export({ format: 'jwk' });
  const { crv, kty, x, y } = jwk;
  const token = await tokenFor(s, { cnf: { jkt: sha256(JSON.stringify({ crv, kty, x, y })) } });
  const said = { jti: 'proof-1', htm: 'GET', htu: `${PUBLIC_URL}/needed`, ath: sha256(token) };
  const claims = { ...said, iat: Math.floor(Date.now() / 1000) };
  const dpop = jws({ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims, privateKey);
  const headers = { authorization: `DPoP ${token}`, dpop: s.secrets.token('a proof', dpop) };
  const asPlanner = (fields: Record<string, string>) =>
    s.call({ as: 'planner', path: '/needed', headers: fields });
  expect((await asPlanner(headers))?.status).toBe(200);
  await asPlanner(headers);
  await asPlanner({ authorization: headers.authorization });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function jws(header: object, claims: object, key: KeyObject): string {
  const parts = [header, claims].map((it) => Buffer.from(JSON.stringify(it)).toString('base64url'));
  const input = parts.join('.');
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** The agent gives away what it was given, and a caller sends what only the agent may have. */
async function echo(s: Scene): Promise<void> {
  for (const path of ['/echo', '/echo?body', '/garbled'])
    await s.call({ as: 'planner', path, headers: bearer(await tokenFor(s)) });
  const headers = { 'x-sidegate-context': s.handle() };
  await s.call({ as: 'planner', path: '/plain', headers });
  await s.call({ as: 'planner', path: `/plain?context=${s.handle()}`, headers });
}

/** Calls that go out, with handles that are good, over, or somebody's invention. */
async function goOut(s: Scene): Promise<void> {
  const { billing, ledger } = s.w;
  await s.call({ as: 'planner', path: '/work', headers: bearer(await tokenFor(s)) });
  const handle = s.handle();
  await s.out({ peer: 'billing', handle });
  await s.out({ peer: 'ledger' });
  await s.out({ peer: 'ledger', handle });
  await s.out({ peer: 'lent', handle });
  await s.out({ peer: 'billing' });
  await s.out({
    peer: 'billing',
    handle: s.secrets.handle('a handle', 'x'.repeat(20) + 'y'.repeat(23)),
  });
  await s.out({ peer: 'billing', handle, path: `/?context=${handle}` });
  await s.out({ peer: 'billing', handle, path: `/%2f..?context=${handle}` });
  await s.out({ peer: 'ledger', path: `/${await tokenFor(s)}` });
  await s.out({ peer: 'nobody', handle });
  await s.out({ peer: 'billing', handle, headers: { origin: 'https://page.test' } });
  await s.out({ peer: 'billing', headers: { 'x-sidegate-context': [handle, handle] } });
  const echoing: Answering = ({ headers }, response) =>
    answerJson(response.setHeader('x-debug', String(headers.authorization)), 200, {});
  const challenging: Answering = ({ headers }, response) =>
    response.writeHead(401, { 'www-authenticate': String(headers.authorization) }).end();
  const body: Answering = ({ headers }, response) => answerJson(response, 200, headers);
  const garbled: Answering = ({ headers }, response) =>
    void response.socket?.end(`HTTP/1.1 200 OK\r\n${String(headers.authorization)}\r\n\r\n`);
  for (const how of [echoing, challenging, body, garbled]) {
    for (const peer of [billing, ledger]) peer.answer(how);
    await s.out({ peer: 'billing', handle });
    await s.out({ peer: 'ledger' });
  }
  billing.stop();
  await s.out({ peer: 'billing', handle });
}

/** Work that outlives its call: begun, gone on with, refused, ended, and one that goes on to the end of the test. */
async function goOn(s: Scene): Promise<void> {
  const begin = async (name: string): Promise<string> => {
    const headers = bearer(await tokenFor(s));
    await s.call({ as: 'planner', path: `/task?${name}`, headers });
    return s.handle();
  };
  const ours = { method: 'DELETE', path: '/task', headers: { host: 'sidegate.internal' } };
  const [kept, ended] = [await begin('kept'), await begin('ended')];
  await begin('no/name');
  for (const handle of [kept, ended]) await s.out({ peer: 'billing', handle });
  await s.out({ peer: 'ledger', handle: kept });
  await s.out({ ...ours, handle: ended });
  await s.out({ ...ours, handle: ended });
  await s.out({ ...ours, path: `/task?context=${kept}`, handle: kept });
  await s.call({ as: 'planner', path: '/plain', headers: { 'x-sidegate-task': kept } });
  expect(JSON.parse(s.keptTasks())).toMatchObject({ tasks: [{ task: 'kept' }] });
}

/** The token service itself is asked, rightly and wrongly. */
async function ask(s: Scene): Promise<void> {
  const token = await tokenFor(s);
  const wanted = { audience: idOf('billing'), scope: 'invoices:read' };
  const { sts } = s;
  s.heard(await sts.own('planner', { audience: OWN, scope: 'invoices:read' }));
  for (const who of ['invoices', 'thief']) s.heard(await sts.exchange(who, token, wanted));
  s.heard(await sts.exchange('invoices', token.slice(0, -9), wanted));
  s.heard(await sts.exchange('invoices', token, { ...wanted, audience: token }));
  s.heard(await sts.exchange('invoices', token, { ...wanted, scope: token }));
  s.heard(await sts.exchange('invoices', token, { ...wanted, actor_token: token }));
  s.heard(await sts.exchange('invoices', await tokenFor(s, { aud: 'https://x.test' }), wanted));
  s.heard(await sts.ask({ as: 'invoices', path: `/token?subject_token=${token}`, form: wanted }));
  s.heard(await sts.ask({ as: 'invoices', form: { grant_type: token, client_id: OWN } }));
  s.heard(await sts.ask({ as: 'invoices', form: { client_id: token } }));
  s.heard(await sts.ask({ as: 'invoices', form: wanted, headers: bearer(token) }));
}

const CODES = [
  ...['OK', 'TOKEN_NOT_TAKEN', 'TOKEN_MALFORMED', 'TOKEN_UNTRUSTED', 'TOKEN_EXPIRED'],
  ...['TOKEN_WRONG_AUDIENCE', 'TOKEN_UNBOUND', 'TOKEN_BOUND_ELSEWHERE', 'TOKEN_WRONG_PRESENTER'],
  ...['TOKEN_PROOF_INVALID', 'MALFORMED_REQUEST', 'NO_ROUTE', 'SCOPE_MISSING'],
  ...['DELEGATION_REQUIRED', 'CREDENTIAL_ECHOED', 'UPSTREAM_PROTOCOL', 'CONTEXT_MISSING'],
  ...['CONTEXT_REFUSED', 'OWN_AUTHORITY_REFUSED', 'PEER_UNKNOWN', 'OUTBOUND_REFUSED'],
  ...['PEER_UNREACHABLE', 'TASK_REFUSED', 'invalid_request', 'invalid_target'],
];

it.each([
  ['a terminal', true],
  ['a log of JSON', false],
])('by calls of every kind, allowed, refused and broken, with %s', async (_, terminal) => {
  const s = await scene({ terminal });
  await comeIn(s);
  await echo(s);
  await goOn(s);
  await goOut(s);
  await ask(s);
  for (const [where, text] of await s.written()) {
    expect(text.length, where).toBeGreaterThan(0);
    expect(s.secrets.foundIn(text), where).toEqual([]);
  }
  expect(CODES.filter((code) => !s.codes().has(code))).toEqual([]);
  const kinds = ['a handle', 'a proof', 'of a caller', 'of a peer', 'of the token service'];
  expect([...s.secrets.counts.keys()].toSorted()).toEqual(kinds);
});

/** What a token service can say with a token that it was sent, wherever it is read. */
const TALKS: readonly (readonly [string, (token: string) => Answering])[] = [
  ['in an error', (token) => refusing({ error: 'invalid_grant', error_description: token })],
  ['as an error', (token) => refusing({ error: token })],
  ['as a type', (token) => refusing({ access_token: token, token_type: token }, 200)],
  ['as text', (token) => (_, response) => void response.writeHead(200).end(token)],
  [
    'as the type of its answer',
    (token) => (_, response) => void response.writeHead(200, { 'content-type': token }).end(token),
  ],
  [
    'in what is no answer',
    (token) => (_, r) => void r.socket?.end(`HTTP/1.1 200 OK\r\n${token}\r\n\r\n`),
  ],
];

function refusing(said: object, status = 400): Answering {
  return (_, response) => answerJson(response, status, said);
}

it.each(TALKS)('by a token service that says it back %s', async (_, talk) => {
  const w = await outboundWorld();
  const secrets = new Secrets();
  const token = secrets.token('of a caller', await w.token('planner'));
  await w.call({ as: 'planner', path: '/work', headers: bearer(token) });
  const handle = secrets.handle('a handle', String(w.called.at(-1)?.['x-sidegate-context']));
  w.sts.answer(talk(token));
  const answer = await w.out({ peer: 'billing', handle });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  const [line] = await w.sent(1);
  const report = await w.why(String(line?.id));
  const audit = JSON.stringify(await w.audit());
  const all = [w.log(), audit, JSON.stringify(report), JSON.stringify(answer), await w.metrics()];
  expect(all.map((text) => secrets.foundIn(text))).toEqual(all.map(() => []));
});
