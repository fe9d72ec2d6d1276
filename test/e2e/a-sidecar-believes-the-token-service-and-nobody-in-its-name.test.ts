import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import {
  generateSigningKey,
  signAccessToken,
  type AccessTokenClaims,
} from '../../src/token/index.ts';
import { world } from '../support/harness.ts';
import { claimsOf, idOf, stsWorld, thumbprintOf, tokenOf } from '../support/sts-world.ts';

const POLICY = (port: number) => `version: 1
trustDomain: acme.test
issuers:
  sts:
    issuer: https://localhost:${port}
    keys: { url: 'https://localhost:${port}/jwks', id: spiffe://acme.test/sts }
    narrows: true
agents:
  portal: [invoices:read]
  planner: [invoices:read]
routes:
  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required, subjects: { sts: [keycloak/alice] } }
`;
const AGENTS = `version: 1
trustDomain: acme.test
issuers:
  keycloak: { issuer: 'https://keycloak.test', keys: { file: keycloak.jwks.json } }
agents:
  portal: { scopes: [invoices:read], clients: { keycloak: [portal-client] }, peers: [planner] }
  planner: { scopes: [invoices:read], peers: [invoices] }
  invoices: []
routes: {}
`;

test('a sidecar fetches the keys of the token service with its own certificate, and lets in whom its tokens name', async () => {
  const port = await freePort();
  // First: a sidecar asks for keys as soon as it is there, and not again at once.
  const sts = await stsWorld({ listen: port, policy: AGENTS });
  const w = await world({ ca: sts.ca, policy: POLICY(port) });
  const subject = await sts.foreign('keycloak', {});
  const wanted = { audience: idOf('invoices'), scope: 'invoices:read' };
  const token = tokenOf(await sts.exchange('planner', subject, wanted));
  const headers = { authorization: `Bearer ${token}` };
  const planner = sts.as('planner');
  const answer = await w.call({ as: planner, path: '/whoami', headers });
  expect(answer.status, answer.text).toBe(200);
  // The subject's own token, and one of a subject that the route does not name, end at the gate.
  const bob = tokenOf(
    await sts.exchange('planner', await sts.foreign('keycloak', { sub: 'bob' }), wanted),
  );
  for (const wrong of [subject, bob]) {
    const refused = await w.call({
      as: planner,
      path: '/whoami',
      headers: { authorization: `Bearer ${wrong}` },
    });
    expect(refused.status).toBeGreaterThanOrEqual(401);
  }
  // Stolen, it is of use neither here nor at the token service.
  const stolen = await w.call({ as: sts.as('portal'), path: '/whoami', headers });
  expect(stolen.json().code).toBe('TOKEN_BOUND_ELSEWHERE');
  const laundered = await sts.exchange('portal', token, {
    audience: idOf('planner'),
    scope: 'invoices:read',
  });
  expect(laundered.body).toEqual({ error: 'invalid_request' });
  // Nor is one that somebody else signed in its name.
  const cnf = { 'x5t#S256': thumbprintOf(planner) };
  const claims = { ...claimsOf(token), cnf } as unknown as AccessTokenClaims;
  const forged = await signAccessToken(claims, await generateSigningKey());
  const refused = await w.call({
    as: planner,
    path: '/whoami',
    headers: { authorization: `Bearer ${forged}` },
  });
  expect(refused.json().code).toBe('TOKEN_UNTRUSTED');
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
