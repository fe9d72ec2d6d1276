import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { STS, idOf, stsWorld } from '../support/sts-world.ts';

const METADATA = '/.well-known/oauth-authorization-server';

describe('the token service serves', () => {
  test('its metadata, made of its configuration and not of Host', async () => {
    const world = await stsWorld();
    for (const path of [METADATA, '/.well-known/openid-configuration']) {
      const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' };
      const { status, body } = await world.ask({ as: 'portal', method: 'GET', path, headers });
      expect(status).toBe(200);
      expect(body).toEqual({
        issuer: STS,
        token_endpoint: `${STS}/token`,
        jwks_uri: `${STS}/jwks`,
        grant_types_supported: [
          'client_credentials',
          'urn:ietf:params:oauth:grant-type:token-exchange',
        ],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ['tls_client_auth'],
        tls_client_certificate_bound_access_tokens: true,
      });
    }
  });

  test('its public keys, and nothing of the private ones', async () => {
    const world = await stsWorld();
    const { status, headers, body } = await world.ask({
      as: 'planner',
      method: 'GET',
      path: '/jwks',
    });
    expect({ status, type: headers['content-type'] }).toEqual({
      ...{ status: 200, type: 'application/jwk-set+json; charset=utf-8' },
    });
    const keys = body.keys as Record<string, unknown>[];
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ]);
  });

  test.each([
    ['GET', '/token'],
    ['PUT', '/token'],
    ['OPTIONS', '/token'],
    ['POST', '/token?subject_token=x'],
    ['POST', '/token/'],
    ['POST', '//token'],
    ['POST', '/TOKEN'],
    ['POST', `${STS}/token`],
    ['POST', '/jwks'],
    ['OPTIONS', '/jwks'],
    ['HEAD', '/jwks'],
    ['GET', '/auth'],
    ['POST', '/auth'],
    ['GET', '/me'],
    ['POST', '/reg'],
    ['POST', '/request'],
    ['GET', '/session/end'],
    ['POST', '/token/introspection'],
    ['POST', '/token/revocation'],
    ['POST', '/device/auth'],
    ['POST', '/backchannel'],
    ['GET', '/interaction/abc'],
    ['GET', '/grants'],
    ['DELETE', '/grants'],
    ['GET', '/grants/task-1'],
    ['DELETE', '/grant/task-1'],
    ['DELETE', '/token'],
    ['GET', '/'],
  ])('nothing at %s %s', async (method, path) => {
    const world = await stsWorld();
    const { status } = await world.ask({ as: 'portal', method, path });
    expect(status).toBe(404);
    expect(await world.audit()).toEqual([]);
  });

  test('no browser page: a request with Origin is refused', async () => {
    const world = await stsWorld();
    const form = {
      grant_type: 'client_credentials',
      client_id: idOf('portal'),
      audience: idOf('planner'),
    };
    const headers = { origin: 'https://evil.test' };
    const { body } = await world.ask({
      as: 'portal',
      form: { ...form, scope: 'invoices:read' },
      headers,
    });
    expect(body).toEqual({ error: 'invalid_request' });
  });

  test.each(['text/html', 'application/json', '*/*'])(
    'errors as JSON to who accepts %s, with the code alone',
    async (accept) => {
      const world = await stsWorld();
      const { headers, text } = await world.ask({
        as: 'portal',
        form: 'grant_type=x',
        headers: { accept },
      });
      expect(text).toBe('{"error":"invalid_request"}');
      expect(headers['content-type']).toMatch(/^application\/json/);
    },
  );

  test.each([
    ['a body that is too long', 'a'.repeat(60_000), 'application/x-www-form-urlencoded'],
    ['a body that is no form', '{}', 'application/json'],
  ])('nobody who sends %s', async (_, form, type) => {
    const world = await stsWorld();
    const answer = await world.ask({ as: 'portal', form, headers: { 'content-type': type } });
    expect(answer.body).toEqual({ error: 'invalid_request' });
    expect(await world.audit()).toMatchObject([{ decision: 'deny', agent: 'portal' }]);
  });

  test('one identity at most a hundred connections, and others all the same', async () => {
    const world = await stsWorld();
    const { chainPem: cert, keyPem: key } = world.as('portal');
    const options = { host: '127.0.0.1', port: world.port, ca: world.ca.certPem, cert, key };
    // A connection that has been answered once is kept while it is idle.
    const open = () =>
      new Promise<'answered' | 'closed'>((resolve) => {
        const socket = connect({ ...options, servername: 'localhost' });
        onTestFinished(() => void socket.destroy());
        socket.on('error', () => undefined);
        socket.once('data', () => resolve('answered')).once('close', () => resolve('closed'));
        socket.write('GET /jwks HTTP/1.1\r\nhost: sts.acme.test\r\n\r\n');
      });
    const ends: string[] = [];
    for (let batch = 0; batch < 5; batch++)
      ends.push(...(await Promise.all(Array.from({ length: 21 }, open))));
    expect(ends.filter((end) => end === 'answered')).toHaveLength(100);
    const wanted = { audience: idOf('billing'), scope: 'invoices:read' };
    expect((await world.own('planner', wanted)).status).toBe(200);
    expect(world.log()).toContain('TOO_MANY_CONNECTIONS');
  });
});
