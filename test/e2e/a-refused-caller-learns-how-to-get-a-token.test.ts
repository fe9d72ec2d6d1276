import * as oauth from 'oauth4webapi';
import { expect, it } from 'vitest';
import { publicFetch } from '../support/public-fetch.ts';
import { idOf, tokenPolicy, tokenWorld } from '../support/tokens.ts';

const PUBLIC = 'https://invoices.acme.test';
const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const POLICY = tokenPolicy(
  `  GET /invoices: { scopes: [invoices:read], token: required, onBehalfOf: required }
  POST /invoices: { scopes: [invoices:write], token: required, onBehalfOf: required }
  GET /whoami: { scopes: [], token: required }
  GET /events: []
  GET ${WELL_KNOWN}/**: { scopes: [metadata:read], answer: metadata }`,
  `  billing: [invoices:read, invoices:write, metadata:read]
  planner: [invoices:read]`,
);
const FLAGS = { 'inbound.public-url': PUBLIC };

it('an OAuth client that was refused finds out from the answer where to get a token, and which', async () => {
  const w = await tokenWorld({ policy: POLICY, flags: FLAGS });
  const options = { [oauth.customFetch]: publicFetch(w, 'billing', PUBLIC) };
  const url = new URL(`${PUBLIC}/invoices`);
  const stolen = await w.token('planner');
  const refused = await oauth
    .protectedResourceRequest(stolen, 'GET', url, undefined, undefined, options)
    .catch((error: unknown) => error);
  if (!(refused instanceof oauth.WWWAuthenticateChallengeError)) throw refused;
  expect(refused.status).toBe(401);
  const [bearer, dpop] = refused.cause;
  expect(bearer).toEqual({
    scheme: 'bearer',
    parameters: {
      realm: 'sidegate',
      error: 'invalid_token',
      error_description: 'The access token belongs to another client. Stop.',
      scope: 'invoices:read',
      resource_metadata: `${PUBLIC}${WELL_KNOWN}/invoices`,
    },
  });
  expect(dpop).toMatchObject({ scheme: 'dpop', parameters: { realm: 'sidegate' } });
  expect(dpop?.parameters.algs?.split(' ')).toContain('ES256');
  expect(dpop?.parameters.error).toBeUndefined();

  const found = await oauth.resourceDiscoveryRequest(url, options);
  const resource = await oauth.processResourceDiscoveryResponse(url, found);
  expect(resource).toEqual({
    resource: `${PUBLIC}/invoices`,
    authorization_servers: ['https://sts.acme.test'],
    scopes_supported: ['invoices:read', 'invoices:write'],
    bearer_methods_supported: ['header'],
    tls_client_certificate_bound_access_tokens: true,
    dpop_signing_alg_values_supported: dpop?.parameters.algs?.split(' '),
  });
});

it.each([
  ['no token', 401, {}, ''],
  ['a password', 401, { authorization: 'Basic eA==' }, ''],
  [
    'no token behind the scheme',
    400,
    { authorization: 'Bearer' },
    `, error="invalid_request", error_description="The request is malformed. Stop: it cannot succeed in this form."`,
  ],
  [
    'no JWT',
    401,
    { authorization: 'Bearer abc' },
    `, error="invalid_token", error_description="The access token cannot be read. Stop: it cannot succeed in this form."`,
  ],
])(
  'the challenge after %s is exact, and with no public URL leads nowhere',
  async (_, status, headers, error) => {
    const w = await tokenWorld({ policy: POLICY });
    const answer = await w.call({ as: 'planner', path: '/invoices', headers });
    expect(answer.status).toBe(status);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="sidegate"${error}, scope="invoices:read"`,
    );
  },
);

it('a token with too few scopes is answered with those that were missing', async () => {
  const w = await tokenWorld({ policy: POLICY });
  const answer = await w.call({
    as: 'billing',
    method: 'POST',
    path: '/invoices',
    headers: await w.bearer('billing'),
  });
  expect(answer.status).toBe(403);
  expect(answer.headers['www-authenticate']).toMatch(
    /^Bearer realm="sidegate", error="insufficient_scope", error_description="[^"]+", scope="invoices:write"$/,
  );
});

it('a wrong proof is answered in its own scheme', async () => {
  const w = await tokenWorld({ policy: POLICY, flags: FLAGS });
  const authorization = `DPoP ${await w.token('planner')}`;
  const answer = await w.call({ as: 'planner', path: '/invoices', headers: { authorization } });
  expect(answer.json().code).toBe('TOKEN_PROOF_INVALID');
  expect(answer.headers['www-authenticate']).toMatch(
    /^DPoP realm="sidegate", error="invalid_dpop_proof".*, Bearer realm="sidegate", scope="invoices:read"$/,
  );
});

it('the metadata is from policy and configuration: for whom the policy says, and whatever Host says', async () => {
  const w = await tokenWorld({ policy: POLICY, flags: FLAGS });
  const read = (as: string, path: string, headers = {}) =>
    w.call({ as, path: `${WELL_KNOWN}${path}`, headers });
  const spoofed = await read('billing', '/invoices', {
    host: 'localhost:1',
    'x-forwarded-host': 'evil',
  });
  expect(spoofed.status).toBe(200);
  expect(spoofed.json().resource).toBe(`${PUBLIC}/invoices`);
  // What takes no scope lists none: an empty list would be against RFC 9728, 2.
  expect((await read('billing', '/whoami')).json()).not.toHaveProperty('scopes_supported');
  // Where no token is taken, there is nothing to tell, and whoever may not read it is told nothing.
  expect((await read('billing', '/events')).json().code).toBe('NO_ROUTE');
  expect((await read('billing', '/nowhere')).json().code).toBe('NO_ROUTE');
  expect((await read('planner', '/invoices')).json().code).toBe('SCOPE_MISSING');
  expect((await w.call({ path: `${WELL_KNOWN}/invoices` })).json().code).toBe('NO_CERTIFICATE');
  const challenge = await w.call({ as: 'planner', path: '/invoices' });
  expect(challenge.headers['www-authenticate']).not.toContain('resource_metadata');
  const lines = await w.ended(7);
  expect(lines[0]).toMatchObject({ code: 'OK', decision: 'allow', status: 200 });
});

it('without a public URL nobody can be told, and the log says so', async () => {
  const w = await tokenWorld({ policy: POLICY });
  const answer = await w.call({ as: 'billing', path: `${WELL_KNOWN}/invoices` });
  expect(answer.json().code).toBe('NOT_READY');
  expect(w.log()).toContain("has no answer without 'inbound.publicUrl'");
});

it('a client certificate that is refused is no matter of tokens', async () => {
  const w = await tokenWorld({ policy: POLICY, flags: FLAGS });
  const stranger = w.issue({ id: idOf('billing'), notAfter: Date.now() - 1000 });
  const answer = await w.call({ as: stranger, path: '/invoices' });
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe('mTLS');
});
