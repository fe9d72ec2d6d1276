import { describe, expect, test } from 'vitest';
import {
  STS,
  claimsOf,
  headerOf,
  idOf,
  thumbprintOf,
  tokenOf,
  stsWorld,
} from '../support/sts-world.ts';

const PLANNER = idOf('planner');

describe('a token of the own authority', () => {
  test('says who, for whom, what and for how long, and is bound to the certificate', async () => {
    const world = await stsWorld();
    const answer = await world.own('portal', { audience: PLANNER, scope: 'invoices:read' });
    const token = tokenOf(answer);
    expect(answer.body).toEqual({
      ...{ access_token: token, token_type: 'Bearer', expires_in: 300, scope: 'invoices:read' },
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(headerOf(token)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.any(String) as string,
    });
    const claims = claimsOf(token);
    expect(claims).toEqual({
      ...{ iss: STS, sub: idOf('portal'), client_id: idOf('portal'), aud: PLANNER },
      ...{ scope: 'invoices:read', cnf: { 'x5t#S256': thumbprintOf(world.as('portal')) } },
      ...{
        jti: expect.any(String) as string,
        iat: expect.any(Number) as number,
        exp: Number(claims.iat) + 300,
      },
    });
  });

  test('ends with the certificate at the latest', async () => {
    const world = await stsWorld();
    const notAfter = Math.floor(Date.now() / 1000) * 1000 + 61_000;
    const as = world.issue({ id: idOf('portal'), notAfter });
    const form = { grant_type: 'client_credentials', client_id: idOf('portal'), audience: PLANNER };
    const answer = await world.ask({ as, form: { ...form, scope: 'invoices:read' } });
    expect(Number(claimsOf(tokenOf(answer)).exp) * 1000).toBeLessThanOrEqual(notAfter);
    expect(answer.body.expires_in).toBeLessThanOrEqual(61);
  });

  test('may be asked for by resource as well', async () => {
    const world = await stsWorld();
    const answer = await world.own('portal', { resource: PLANNER, scope: 'invoices:read' });
    expect(claimsOf(tokenOf(answer)).aud).toBe(PLANNER);
  });

  test('may hold what a family of grants covers, written out', async () => {
    const world = await stsWorld();
    const answer = await world.own('planner', {
      audience: idOf('billing'),
      scope: 'reports:daily',
    });
    expect(claimsOf(tokenOf(answer)).scope).toBe('reports:daily');
  });

  test.each([
    ['no audience', { scope: 'invoices:read' }, 'invalid_target'],
    [
      'an audience that is no peer',
      { audience: idOf('billing'), scope: 'invoices:read' },
      'invalid_target',
    ],
    ['itself', { audience: idOf('portal'), scope: 'invoices:read' }, 'invalid_target'],
    [
      'two audiences',
      { audience: PLANNER, resource: PLANNER, scope: 'invoices:read' },
      'invalid_target',
    ],
    ['a name and no SPIFFE ID', { audience: 'planner', scope: 'invoices:read' }, 'invalid_target'],
    ['no scope', { audience: PLANNER }, 'invalid_scope'],
    [
      'a scope that it is not granted',
      { audience: PLANNER, scope: 'invoices:read refunds:write' },
      'invalid_scope',
    ],
    ['a scope that no scope can be', { audience: PLANNER, scope: 'a"b' }, 'invalid_scope'],
  ])('is refused for %s', async (_, form, code) => {
    const world = await stsWorld();
    const answer = await world.own('portal', form);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 400,
      body: { error: code },
    });
    const [line] = await world.audit();
    expect(line).toMatchObject({ event: 'token', decision: 'deny', code, agent: 'portal' });
  });

  test.each(['reports:*', '*', 'reports:dai*'])('never holds the family %s', async (scope) => {
    const world = await stsWorld();
    const answer = await world.own('planner', { audience: idOf('billing'), scope });
    expect(answer.body).toEqual({ error: 'invalid_scope' });
  });

  test('is not given for a peer that is disabled', async () => {
    const world = await stsWorld();
    const answer = await world.own('planner', {
      audience: idOf('retired'),
      scope: 'invoices:read',
    });
    expect(answer.body).toEqual({ error: 'invalid_target' });
  });

  test('is refused when a parameter comes twice', async () => {
    const world = await stsWorld();
    const form = `grant_type=client_credentials&client_id=${encodeURIComponent(idOf('portal'))}&scope=invoices%3Aread&scope=invoices%3Aread&audience=${encodeURIComponent(PLANNER)}`;
    expect((await world.ask({ as: 'portal', form })).body).toEqual({ error: 'invalid_request' });
  });
});
