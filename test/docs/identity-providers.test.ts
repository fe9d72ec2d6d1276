import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Claims } from '../support/issuer.ts';
import { world, type World } from '../support/harness.ts';
import { OK, scriptedAgent } from '../support/scripted-agent.ts';
import { claimsOf, stsWorld, tokenOf } from '../support/sts-world.ts';
import { confirmation, idOf } from '../support/tokens.ts';
import { blocksOf, readPage } from './page.ts';

// The shapes are those of Keycloak 26.7.3, as it gave them, and of Entra's v2 tokens, as Microsoft publishes them.
const EC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ALICE = '82961730-d3f5-4d63-9179-6f23036133fc';
const SERVICE_ACCOUNT = 'e07e08f0-582d-4d1a-9bab-65036a736546';
const TENANT = '6f0f2c1e-5d3b-4a57-9d0e-0c9a5d1f7b11';
const PORTAL_APP = '91c5f0aa-0f4e-4a0d-b7c3-54d7e7a2d933';
const API_APP = '2b9d7c40-6a8e-4f3c-8a51-3f1f0f5e6c22';
const OBJECT_ID = '0a7d6c52-31f1-4f66-9d54-2f6f7a1f4e10';

/** The policy of the page whose issuer has this name; its keys are in a file, where the tests have no network. */
function policyOf(issuer: string): string {
  const blocks = blocksOf(readPage('docs/acting-for-somebody.md'));
  const block = blocks.find(({ text }) => new RegExp(`^ {2}${issuer}:$`, 'm').test(text));
  if (block === undefined) throw new TypeError(`the page has no policy with ${issuer}`);
  return block.text.replace(/keys: \{.*\}/, `keys: { file: ${issuer}.jwks.json }`);
}

function published(key: KeyObject, more: object): object {
  return { ...key.export({ format: 'jwk' }), ...more };
}

function jwt(header: string, claims: Claims, key: KeyObject): string {
  const part = (text: string) => Buffer.from(text).toString('base64url');
  const input = `${part(header)}.${part(JSON.stringify(claims))}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** The codes that these tokens come to, each with the agent whose certificate it is sent with. */
async function codesOf(w: World, rows: readonly Row[], tokenOfRow: (row: Row) => string) {
  const codes: [string, unknown][] = [];
  for (const row of rows) {
    const { name, as = 'portal', path = '/invoices/7' } = row;
    const headers = { authorization: `Bearer ${tokenOfRow(row)}` };
    const answer = await w.call({ as, path, headers });
    codes.push([name, answer.status === 200 ? 'OK' : answer.json().code]);
  }
  return codes;
}

interface Row {
  readonly name: string;
  readonly code: string;
  readonly claims: Claims;
  readonly as?: string;
  readonly path?: string;
  /** `typ` of the header. */
  readonly typ?: string;
  readonly key?: 'EC' | 'RSA';
}

const expected = (rows: readonly Row[]) => rows.map(({ name, code }) => [name, code]);
const seconds = () => Math.floor(Date.now() / 1000);

describe('Keycloak', () => {
  const iss = 'https://id.acme.test/realms/agents';
  const jwks = JSON.stringify({
    keys: [
      published(EC.publicKey, { kid: 'ec', alg: 'ES256', use: 'sig' }),
      published(RSA.publicKey, { kid: 'rsa-enc', alg: 'RSA-OAEP', use: 'enc', x5c: ['MII'] }),
      published(RSA.publicKey, { kid: 'rsa', alg: 'RS256', use: 'sig', x5c: ['MII'], x5t: 'x' }),
    ],
  });
  /** A token of alice, who logged in at the portal. */
  const alices = (): Claims => ({
    ...{ exp: seconds() + 300, iat: seconds(), auth_time: seconds() },
    ...{ jti: 'onrtac:99a5e32f-64ed-3dae-e791-cfb523dce7b1', iss, aud: idOf('invoices') },
    ...{ sub: ALICE, typ: 'Bearer', azp: 'portal', sid: '6W2Ok4z_RiPV3vKd7nuZUAoT' },
    scope: 'invoices:read',
  });
  const without = (...names: string[]): Claims =>
    Object.fromEntries(names.map((name) => [name, undefined]));
  const serviceAccounts: Claims = {
    ...{ sub: SERVICE_ACCOUNT, clientHost: '127.0.0.1', clientAddress: '127.0.0.1' },
    ...{ jti: 'trrtcc:78fa4798-acdc-2d9e-4c76-560be459f660', client_id: 'portal' },
    ...without('sid', 'auth_time'),
  };
  const wide: Claims = {
    ...{ aud: [idOf('invoices'), 'account'], acr: '1', scope: 'invoices:read profile email' },
    realm_access: { roles: ['offline_access', 'invoice-reader', 'uma_authorization'] },
    resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
    ...{ email_verified: true, name: 'Alice A', preferred_username: 'alice' },
  };
  const idToken: Claims = {
    ...{ aud: 'portal', typ: 'ID', nonce: 'n-0S6_WzA2Mj', at_hash: 'u1rNNnuhr4Bboq9chtXAag' },
    ...without('scope', 'cnf'),
  };
  const ROWS: readonly Row[] = [
    { name: 'alice, at the portal', code: 'OK', claims: {} },
    { name: 'the same with RS256', code: 'OK', claims: {}, key: 'RSA' },
    { name: 'with openid', code: 'OK', claims: { scope: 'openid invoices:read' } },
    { name: 'with all default scopes', code: 'OK', claims: wide },
    { name: 'stolen', code: 'TOKEN_BOUND_ELSEWHERE', claims: {}, as: 'planner' },
    { name: 'unbound', code: 'TOKEN_UNBOUND', claims: { cnf: undefined } },
    { name: 'of another client', code: 'TOKEN_WRONG_PRESENTER', claims: { azp: 'planner' } },
    { name: 'for another', code: 'TOKEN_WRONG_AUDIENCE', claims: { aud: idOf('planner') } },
    { name: 'without the role', code: 'SCOPE_MISSING', claims: { scope: '' } },
    { name: 'untyped', code: 'TOKEN_MALFORMED', claims: {}, typ: 'JWT' },
    { name: 'an ID token', code: 'TOKEN_MALFORMED', claims: idToken, typ: 'JWT' },
    { name: 'without basic', code: 'TOKEN_MALFORMED', claims: without('sub') },
    { name: 'lightweight', code: 'TOKEN_MALFORMED', claims: without('sub', 'aud') },
    { name: 'its own', code: 'OK', claims: serviceAccounts, path: '/totals' },
    { name: 'its own for somebody', code: 'DELEGATION_REQUIRED', claims: serviceAccounts },
    { name: 'alice where none is', code: 'DELEGATION_FORBIDDEN', claims: {}, path: '/totals' },
    {
      name: 'DPoP and certificate at once, as Bearer',
      code: 'OK',
      claims: { typ: 'DPoP' },
    },
  ];

  /** As the page's policy has it, or changed. */
  const scene = async (policy = policyOf('keycloak')) => {
    const { upstream } = await scriptedAgent((socket) => void socket.write(OK));
    const w = await world({ policy, upstream, files: { 'keycloak.jwks.json': jwks } });
    const bound = { cnf: confirmation(w.as('portal')) };
    const tokenOfRow = ({ claims, typ = 'at+jwt', key = 'EC' }: Row) => {
      const [alg, kid] = key === 'EC' ? ['ES256', 'ec'] : ['RS256', 'rsa'];
      const header = `{"alg":"${alg}","typ" : "${typ}","kid" : "${kid}"}`;
      const { privateKey } = key === 'EC' ? EC : RSA;
      return jwt(header, { ...alices(), ...bound, ...claims }, privateKey);
    };
    return { w, tokenOfRow };
  };

  it('gives tokens of which the policy of the page takes the right ones', async () => {
    const { w, tokenOfRow } = await scene();
    expect(await codesOf(w, ROWS, tokenOfRow)).toEqual(expected(ROWS));
  });

  it('without at+jwt gives tokens that acceptUntypedTokens takes, and ID tokens that it does not', async () => {
    const rows: readonly Row[] = [
      { name: 'untyped', code: 'OK', claims: {}, typ: 'JWT' },
      { name: 'an ID token', code: 'TOKEN_MALFORMED', claims: idToken, typ: 'JWT' },
      {
        name: 'an ID token with the audience of a mapper',
        code: 'TOKEN_MALFORMED',
        claims: { ...idToken, ...without('nonce', 'at_hash'), aud: ['portal', idOf('invoices')] },
        typ: 'JWT',
      },
    ];
    const policy = policyOf('keycloak').replace(
      'clientClaim:',
      'acceptUntypedTokens: true\n    $&',
    );
    const { w, tokenOfRow } = await scene(policy);
    expect(await codesOf(w, rows, tokenOfRow)).toEqual(expected(rows));
  });

  it('has a service account that passes for somebody, if nobody lists it', async () => {
    const row: Row = { name: 'its own', code: 'OK', claims: serviceAccounts };
    const { w, tokenOfRow } = await scene(policyOf('keycloak').replace(`, ${SERVICE_ACCOUNT}`, ''));
    expect(await codesOf(w, [row], tokenOfRow)).toEqual(expected([row]));
  });

  it('gives tokens for one agent, which the token service exchanges, and for two, which it does not', async () => {
    const world = await stsWorld({ policy: policyOf('keycloak') });
    const wish = { audience: idOf('invoices'), scope: 'invoices:read' };
    const cnf = confirmation(world.as('portal'));
    const ask = async (claims: Claims) => {
      const own = { ...alices(), cnf, client_id: undefined, ...claims };
      return world.exchange('planner', await world.foreign('keycloak', own), wish);
    };
    for (const aud of [idOf('planner'), 'planner'])
      expect(claimsOf(tokenOf(await ask({ aud })))).toMatchObject({
        ...{ sub: `keycloak/${ALICE}`, scope: 'invoices:read' },
        act: { sub: idOf('planner'), act: { sub: idOf('portal') } },
      });
    const refused = await Promise.all([
      ask({ aud: [idOf('planner'), idOf('invoices')] }),
      ask({ aud: ['planner', 'account'] }),
      ask({ aud: idOf('invoices') }),
    ]);
    expect(refused.map(({ body }) => body.error)).toEqual(Array(3).fill('invalid_request'));
  });
});

describe('Microsoft Entra ID', () => {
  const host = 'https://login.microsoftonline.com';
  const iss = `${host}/${TENANT}/v2.0`;
  const kid = createHash('sha256').update('a key').digest('base64url').slice(0, 27);
  const jwks = JSON.stringify({
    keys: [
      published(RSA.publicKey, { kid, x5t: kid, use: 'sig', x5c: ['MII'], issuer: iss }),
      published(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, {
        ...{ kid: 'another', x5t: 'another', use: 'sig', x5c: ['MII'], issuer: iss },
      }),
    ],
  });
  /** A v2 token of a user, as it is published. */
  const users = (): Claims => ({
    ...{ aud: API_APP, iss, iat: seconds(), nbf: seconds(), exp: seconds() + 4500 },
    ...{ aio: 'AXQAi/8IAAAA', azp: PORTAL_APP, azpacr: '2', name: 'Abe Lincoln', oid: OBJECT_ID },
    ...{ preferred_username: 'abeli@acme.test', rh: '0.AXoA', scp: 'invoices:read' },
    ...{ sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ', tid: TENANT },
    ...{ uti: 'fqiBqXLPj0eQa82S-IYFAA', ver: '2.0' },
  });
  const applications: Claims = {
    ...{ sub: OBJECT_ID, roles: ['invoices:read'], idtyp: 'app', scp: undefined },
    ...{ name: undefined, preferred_username: undefined },
  };
  const idToken: Claims = {
    ...{ aud: PORTAL_APP, nonce: 'n', roles: ['invoices:read'] },
    ...{ azp: undefined, azpacr: undefined, scp: undefined },
  };
  const ROWS: readonly Row[] = [
    { name: 'a user, at the portal', code: 'OK', claims: {} },
    { name: 'stolen', code: 'TOKEN_WRONG_PRESENTER', claims: {}, as: 'planner' },
    { name: 'for another', code: 'TOKEN_WRONG_AUDIENCE', claims: { aud: OBJECT_ID } },
    { name: 'of one application alone', code: 'TOKEN_MALFORMED', claims: { azp: API_APP } },
    { name: 'of another tenant', code: 'TOKEN_UNTRUSTED', claims: { iss: `${host}/other/v2.0` } },
    { name: 'v1', code: 'TOKEN_UNTRUSTED', claims: { iss: `https://sts.windows.net/${TENANT}/` } },
    { name: 'an ID token', code: 'TOKEN_MALFORMED', claims: idToken },
    { name: 'an ID token for us', code: 'TOKEN_MALFORMED', claims: { ...idToken, aud: API_APP } },
    { name: "an application's own", code: 'TOKEN_MALFORMED', claims: applications },
  ];

  const scene = async (policy = policyOf('entra')) => {
    const { upstream } = await scriptedAgent((socket) => void socket.write(OK));
    const w = await world({ policy, upstream, files: { 'entra.jwks.json': jwks } });
    const header = `{"typ":"JWT","alg":"RS256","kid":"${kid}"}`;
    const tokenOfRow = ({ claims }: Row) => jwt(header, { ...users(), ...claims }, RSA.privateKey);
    return { w, tokenOfRow };
  };

  it('gives tokens of which the policy of the page takes the right ones', async () => {
    const { w, tokenOfRow } = await scene();
    expect(await codesOf(w, ROWS, tokenOfRow)).toEqual(expected(ROWS));
    const [line] = await w.audit();
    expect(line).toMatchObject({ tokenId: 'fqiBqXLPj0eQa82S-IYFAA', onBehalf: true });
  });

  it('gives tokens of an application’s own, whose scopes are roles', async () => {
    const policy = policyOf('entra')
      .replace('scopeClaim: scp', 'scopeClaim: roles')
      .replace(PORTAL_APP, `${PORTAL_APP}, ${OBJECT_ID}`)
      .replace(', onBehalfOf: required', '');
    const { w, tokenOfRow } = await scene(policy);
    const rows: readonly Row[] = [
      { name: "an application's own", code: 'OK', claims: applications },
      { name: 'an ID token for us', code: 'TOKEN_MALFORMED', claims: { ...idToken, aud: API_APP } },
      { name: 'a user', code: 'TOKEN_MALFORMED', claims: {} },
    ];
    expect(await codesOf(w, rows, tokenOfRow)).toEqual(expected(rows));
  });
});
