import * as oauth from 'oauth4webapi';
import { expect, it } from 'vitest';
import { publicFetch } from '../support/public-fetch.ts';
import { AUDIENCE as PUBLIC, tokenPolicy, tokenWorld } from '../support/tokens.ts';

const POLICY = tokenPolicy(
  '  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required }',
);
const WHOAMI = new URL(`${PUBLIC}/whoami`);

it('a token that is bound to a key lets in with a proof for this very call, once, and goes no further', async () => {
  const w = await tokenWorld({ policy: POLICY, flags: { 'inbound.public-url': PUBLIC } });
  const proven = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
  const token = await w.token('planner', { cnf: { jkt: await proven.calculateThumbprint() } });
  let proof = '';
  const reach = publicFetch(w, 'planner', PUBLIC);
  const options = {
    DPoP: proven,
    [oauth.customFetch]: (...asked: Parameters<typeof reach>) => {
      proof = new Headers(asked[1].headers).get('dpop') ?? '';
      return reach(...asked);
    },
  };
  const answer = await oauth.protectedResourceRequest(
    token,
    'GET',
    WHOAMI,
    undefined,
    undefined,
    options,
  );
  expect(answer.status).toBe(200);
  expect(proof).toMatch(/^eyJ/);
  const authorization = `DPoP ${token}`;
  const call = (headers: Record<string, string>) =>
    w.call({ as: 'planner', path: '/whoami', headers });
  // The same proof again, none, or the token as if it were bound to nothing.
  for (const headers of [
    { authorization, dpop: proof },
    { authorization },
    { authorization: `Bearer ${token}` },
  ])
    expect((await call(headers)).json().code).toBe('TOKEN_PROOF_INVALID');
  const [line] = await w.ended(4);
  expect(line).toMatchObject({ code: 'OK', issuer: 'sts' });
  expect(JSON.stringify(await w.audit())).not.toContain(proof);
});
