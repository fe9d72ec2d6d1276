import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ACCESS_TOKEN, EXCHANGE, claimsOf, idOf, stsWorld } from '../support/sts-world.ts';

/** A fetch that shows the certificate of an agent. */
async function clientOf(name: string) {
  const port = await freePort();
  const world = await stsWorld({ listen: port });
  const { chainPem: cert, keyPem: key } = world.as(name);
  const dispatcher = new Agent({ connect: { cert, key, ca: world.ca.certPem } });
  onTestFinished(() => dispatcher.close());
  const mutual = (url: string, options: object) =>
    undiciFetch(url, { ...options, dispatcher }) as unknown as Promise<Response>;
  return { world, mutual, issuer: new URL(`https://localhost:${port}`) };
}

test('openid-client discovers the service, and gets and exchanges tokens', async () => {
  const { world, mutual, issuer } = await clientOf('planner');
  const options = { algorithm: 'oauth2' as const, [openid.customFetch]: mutual };
  const config = await openid.discovery(
    issuer,
    idOf('planner'),
    undefined,
    openid.TlsClientAuth(),
    options,
  );
  expect(config.serverMetadata().token_endpoint).toBe(`${issuer.origin}/token`);
  const wanted = { audience: idOf('billing'), scope: 'invoices:read' };
  const own = await openid.clientCredentialsGrant(config, wanted);
  expect(claimsOf(own.access_token)).toMatchObject({ sub: idOf('planner'), aud: idOf('billing') });
  const subject = {
    subject_token: await world.foreign('keycloak', {}),
    subject_token_type: ACCESS_TOKEN,
  };
  const exchanged = await openid.genericGrantRequest(config, EXCHANGE, { ...wanted, ...subject });
  expect(exchanged).toMatchObject({ issued_token_type: ACCESS_TOKEN, scope: 'invoices:read' });
  expect(claimsOf(exchanged.access_token)).toMatchObject({
    sub: 'keycloak/alice',
    aud: idOf('billing'),
  });
  await expect(
    openid.clientCredentialsGrant(config, { ...wanted, scope: 'refunds:write' }),
  ).rejects.toMatchObject({
    error: 'invalid_scope',
  });
});

test('oauth4webapi gets a token that jose verifies with the published keys', async () => {
  const { world, mutual, issuer } = await clientOf('portal');
  const fetching = { [oauth.customFetch]: mutual };
  const discovered = await oauth.discoveryRequest(issuer, { ...fetching, algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(issuer, discovered);
  const client = { client_id: idOf('portal') };
  const response = await oauth.clientCredentialsGrantRequest(
    ...([server, client, oauth.TlsClientAuth()] as const),
    { resource: idOf('planner'), scope: 'invoices:read' },
    fetching,
  );
  const { access_token: token } = await oauth.processClientCredentialsResponse(
    server,
    client,
    response,
  );
  const published = await mutual(String(server.jwks_uri), {});
  const keys = createLocalJWKSet((await published.json()) as JSONWebKeySet);
  const expected = { typ: 'at+jwt', issuer: issuer.origin, audience: idOf('planner') };
  const { payload } = await jwtVerify(token, keys, expected);
  expect(payload).toMatchObject({ sub: idOf('portal'), scope: 'invoices:read' });
  expect((await world.audit()).map(({ code }) => code)).toEqual(['OK']);
});

/** One that nobody listens on: the issuer must be known before the service starts. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
