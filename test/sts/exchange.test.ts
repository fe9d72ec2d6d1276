import { describe, expect, test } from 'vitest';
import {
  ACCESS_TOKEN,
  KEYCLOAK,
  STS,
  TOKEN_POLICY,
  claimsOf,
  idOf,
  thumbprintOf,
  tokenOf,
  stsWorld,
  type StsWorld,
} from '../support/sts-world.ts';

const BILLING = { audience: idOf('billing'), scope: 'invoices:read' };
const LEDGER = { audience: idOf('ledger'), scope: 'invoices:read' };
const actor = (name: string) => ({ iss: STS, sub: idOf(name) });

/** Alice's token, carried by portal, exchanged by planner for billing. */
async function atBilling(world: StsWorld): Promise<string> {
  return tokenOf(await world.exchange('planner', await world.foreign('keycloak', {}), BILLING));
}

async function refusal(world: StsWorld, client: string, token: string, form = BILLING) {
  const { status, body } = await world.exchange(client, token, form);
  expect(status).toBe(400);
  return body.error;
}

describe('an exchange', () => {
  test('names the subject and everybody who acts, and binds to the actor', async () => {
    const world = await stsWorld();
    const first = await world.exchange('planner', await world.foreign('keycloak', {}), BILLING);
    expect(first.body).toMatchObject({
      ...{ issued_token_type: ACCESS_TOKEN, token_type: 'Bearer' },
      ...{ expires_in: 300, scope: 'invoices:read' },
    });
    expect(claimsOf(tokenOf(first))).toMatchObject({
      ...{ iss: STS, sub: 'keycloak/alice', aud: idOf('billing'), client_id: idOf('planner') },
      act: { ...actor('planner'), act: actor('portal') },
      cnf: { 'x5t#S256': thumbprintOf(world.as('planner')) },
    });
    const second = tokenOf(await world.exchange('billing', tokenOf(first), LEDGER));
    expect(claimsOf(second)).toMatchObject({
      ...{ sub: 'keycloak/alice', aud: idOf('ledger'), client_id: idOf('billing') },
      act: { ...actor('billing'), act: { ...actor('planner'), act: actor('portal') } },
      cnf: { 'x5t#S256': thumbprintOf(world.as('billing')) },
    });
    const [, line] = await world.audit();
    expect(line).toMatchObject({
      ...{
        decision: 'allow',
        grant: 'token-exchange',
        agent: 'billing',
        subject: 'keycloak/alice',
      },
      chain: [idOf('billing'), idOf('planner'), idOf('portal')],
      ...{ asked: 'invoices:read', given: 'invoices:read', subjectIssuer: STS },
      ...{ subjectTokenId: claimsOf(tokenOf(first)).jti, tokenId: claimsOf(second).jti },
    });
  });

  test('gives what is in the subject token, granted to everybody who acts, and asked for', async () => {
    const world = await stsWorld();
    const scope = 'invoices:read invoices:write refunds:write';
    const subject = await world.foreign('keycloak', { scope: 'invoices:read invoices:write' });
    const first = await world.exchange('planner', subject, { ...BILLING, scope });
    // planner is not granted invoices:write, though portal and billing are.
    expect(first.body.scope).toBe('invoices:read');
    const second = await world.exchange('billing', tokenOf(first), { ...LEDGER, scope });
    expect(second.body.scope).toBe('invoices:read');
  });

  test.each([
    ['what the subject token has not', 'reports:daily', 'invoices:read'],
    ['what the client is not granted', 'invoices:write', 'invoices:write'],
    ['what the one who carried it is not granted', 'reports:daily', 'reports:daily'],
    ['a family', 'reports:*', 'reports:* reports:daily'],
  ])('of %s leaves nothing', async (_, scope, subject) => {
    const world = await stsWorld();
    const token = await world.foreign('keycloak', { scope: subject });
    expect(await refusal(world, 'planner', token, { ...BILLING, scope })).toBe('invalid_scope');
  });

  test('gives nothing that the subject token has not, though everybody is granted it', async () => {
    const world = await stsWorld();
    const token = await world.foreign('keycloak', { aud: idOf('billing') });
    const form = { ...LEDGER, scope: 'invoices:write' };
    expect(await refusal(world, 'billing', token, form)).toBe('invalid_scope');
    const both = await world.exchange('billing', token, {
      ...form,
      scope: 'invoices:write invoices:read',
    });
    expect(both.body.scope).toBe('invoices:read');
  });

  test('that asks for no scope gets none', async () => {
    const world = await stsWorld();
    const token = await world.foreign('keycloak', {});
    const { body } = await world.exchange('planner', token, { audience: idOf('billing') });
    expect(body).toEqual({ error: 'invalid_scope' });
  });

  test('of a stolen token by another agent is refused: it was not made for the thief', async () => {
    const world = await stsWorld();
    expect(await refusal(world, 'thief', await world.foreign('keycloak', {}))).toBe(
      'invalid_request',
    );
    expect(await refusal(world, 'thief', await atBilling(world))).toBe('invalid_request');
    // Nor does the certificate of the thief pass for the client that it was made for.
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: idOf('planner'),
    };
    const subject = {
      subject_token: await world.foreign('keycloak', {}),
      subject_token_type: ACCESS_TOKEN,
    };
    const answer = await world.ask({ as: 'thief', form: { ...form, ...subject, ...BILLING } });
    expect(answer.body).toEqual({ error: 'invalid_client' });
  });

  test.each([
    ['somebody else', idOf('billing')],
    ['the client and somebody else', [idOf('planner'), idOf('billing')]],
    ['an address', 'https://planner.acme.test'],
    ['what another agent is called by the issuer', 'portal-client'],
  ])('of a token for %s is refused', async (_, aud) => {
    const world = await stsWorld();
    expect(await refusal(world, 'planner', await world.foreign('keycloak', { aud }))).toBe(
      'invalid_request',
    );
  });

  test('of a token for what its issuer calls the client is taken, by that client alone', async () => {
    const world = await stsWorld();
    const aud = 'portal-client';
    const form = { audience: idOf('planner'), scope: 'invoices:read' };
    const token = await world.foreign('keycloak', { aud });
    const claims = claimsOf(tokenOf(await world.exchange('portal', token, form)));
    // Portal had it from the login: it is the first who acts.
    expect(claims).toMatchObject({ sub: 'keycloak/alice', act: actor('portal') });
    expect(claims.act).not.toHaveProperty('act');
    const elsewhere = await world.foreign('entra', { aud });
    expect(await refusal(world, 'portal', elsewhere, form)).toBe('invalid_request');
  });

  test('lives no longer than the subject token', async () => {
    const world = await stsWorld();
    const exp = Math.floor(Date.now() / 1000) + 42;
    const answer = await world.exchange(
      'planner',
      await world.foreign('keycloak', { exp }),
      BILLING,
    );
    expect(claimsOf(tokenOf(answer)).exp).toBe(exp);
  });

  test('of a token that has expired is refused', async () => {
    const world = await stsWorld();
    const exp = Math.floor(Date.now() / 1000) - 1;
    const token = await world.foreign('keycloak', { exp, iat: exp - 60 });
    expect(await refusal(world, 'planner', token)).toBe('invalid_request');
  });

  test('keeps the same name from two issuers apart', async () => {
    const world = await stsWorld();
    const sub = async (issuer: 'keycloak' | 'entra', claims = {}) =>
      claimsOf(
        tokenOf(await world.exchange('planner', await world.foreign(issuer, claims), BILLING)),
      ).sub;
    expect(await sub('keycloak')).toBe('keycloak/alice');
    expect(await sub('entra')).toBe('entra/alice');
    expect(await sub('entra', { sub: 'keycloak/alice' })).toBe('entra/keycloak/alice');
  });

  test('calls an agent by its SPIFFE ID, whatever the issuer calls it', async () => {
    const world = await stsWorld();
    const token = await world.foreign('keycloak', { sub: 'portal-client' });
    const claims = claimsOf(tokenOf(await world.exchange('planner', token, BILLING)));
    expect(claims).toMatchObject({ sub: idOf('portal'), act: actor('planner') });
    expect(claims.act).not.toHaveProperty('act');
  });

  test('honours may_act', async () => {
    const world = await stsWorld();
    const with_ = async (mayAct: unknown) =>
      (
        await world.exchange(
          'planner',
          await world.foreign('keycloak', { may_act: mayAct }),
          BILLING,
        )
      ).body.error;
    expect(await with_({ sub: idOf('planner') })).toBeUndefined();
    expect(await with_({ iss: STS, sub: idOf('planner') })).toBeUndefined();
    expect(await with_({ sub: idOf('billing') })).toBe('invalid_request');
    expect(await with_({ iss: 'https://elsewhere.test', sub: idOf('planner') })).toBe(
      'invalid_request',
    );
    for (const unreadable of ['planner', {}, { client_id: idOf('planner') }, null, []])
      expect(await with_(unreadable)).toBe('invalid_request');
  });

  test('ends where the chain would have five actors', async () => {
    const world = await stsWorld();
    const toLedger = tokenOf(await world.exchange('billing', await atBilling(world), LEDGER));
    const toArchive = { audience: idOf('archive'), scope: 'invoices:read' };
    const fourth = tokenOf(await world.exchange('ledger', toLedger, toArchive));
    const toVault = { audience: idOf('vault'), scope: 'invoices:read' };
    expect(await refusal(world, 'archive', fourth, toVault)).toBe('invalid_request');
    expect((await world.audit()).at(-1)).toMatchObject({
      detail: 'there would be more than 4 actors',
    });
  });

  test('is refused to somebody who has acted already', async () => {
    const world = await stsWorld();
    const back = { audience: idOf('planner'), scope: 'invoices:read' };
    const atPlanner = tokenOf(await world.exchange('billing', await atBilling(world), back));
    expect(await refusal(world, 'planner', atPlanner)).toBe('invalid_request');
    expect((await world.audit()).at(-1)).toMatchObject({
      detail: 'somebody would stand in the chain twice',
    });
  });

  test('of its own token is refused: nobody acts for itself', async () => {
    const world = await stsWorld();
    const token = await world.foreign('keycloak', { sub: idOf('planner') });
    expect(await refusal(world, 'planner', token)).toBe('invalid_request');
  });

  test('is refused while somebody in the chain is disabled, or gone', async () => {
    const world = await stsWorld();
    const token = await atBilling(world);
    for (const policy of [
      TOKEN_POLICY.replace('portal: { scopes', 'portal: { disabled: true, scopes'),
      TOKEN_POLICY.replace(/^ {2}portal: .*$/m, '').replace('entra: [portal-app]', ''),
    ]) {
      world.write('policy.yaml', policy);
      world.server.reload();
      expect(await refusal(world, 'billing', token, LEDGER)).toBe('invalid_request');
    }
    world.write('policy.yaml', TOKEN_POLICY);
    world.server.reload();
    expect((await world.exchange('billing', token, LEDGER)).status).toBe(200);
  });

  test('narrows by the policy as it is now, also for those who acted before', async () => {
    const world = await stsWorld();
    const token = await atBilling(world);
    world.write(
      'policy.yaml',
      TOKEN_POLICY.replace('planner: { scopes: [invoices:read,', 'planner: { scopes: ['),
    );
    world.server.reload();
    expect(await refusal(world, 'billing', token, LEDGER)).toBe('invalid_scope');
  });

  test('refuses actors that nobody knows, of an issuer that does not narrow', async () => {
    const world = await stsWorld();
    const act = { sub: 'some-service' };
    expect(await refusal(world, 'planner', await world.foreign('keycloak', { act }))).toBe(
      'invalid_request',
    );
    expect(
      await refusal(world, 'planner', await world.foreign('keycloak', { client_id: 'nobody' })),
    ).toBe('invalid_request');
  });

  test('keeps actors that nobody knows, with their issuer, of one that narrows', async () => {
    const policy = TOKEN_POLICY.replace(
      'keys: { file: keycloak.jwks.json }',
      'keys: { file: keycloak.jwks.json }, narrows: true',
    );
    const world = await stsWorld({ policy });
    const token = await world.foreign('keycloak', { act: { sub: 'some-service' } });
    const claims = claimsOf(tokenOf(await world.exchange('planner', token, BILLING)));
    expect(claims.act).toEqual({
      ...actor('planner'),
      act: { iss: KEYCLOAK, sub: 'some-service' },
    });
  });

  test.each([
    ['an actor token', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
    [
      'another type of token',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request',
    ],
    [
      'a subject token that is an ID token',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    ['a subject token that is none', { subject_token: 'abc' }, 'invalid_request'],
    ['an audience that is no peer', { audience: idOf('ledger') }, 'invalid_target'],
  ])('with %s is refused', async (_, form, code) => {
    const world = await stsWorld();
    const { body } = await world.exchange('planner', await world.foreign('keycloak', {}), {
      ...BILLING,
      ...form,
    });
    expect(body).toEqual({ error: code });
  });

  test('gives a JWT where a JWT is asked for', async () => {
    const world = await stsWorld();
    const type = 'urn:ietf:params:oauth:token-type:jwt';
    const form = { ...BILLING, requested_token_type: type, subject_token_type: type };
    const { body } = await world.exchange('planner', await world.foreign('keycloak', {}), form);
    expect(body.issued_token_type).toBe(type);
  });

  test('believes neither an issuer that is not listed nor a signature that is wrong', async () => {
    const world = await stsWorld();
    const token = await world.foreign('keycloak', { iss: 'https://elsewhere.test' });
    expect(await refusal(world, 'planner', token)).toBe('invalid_request');
    expect(await refusal(world, 'planner', await world.foreign('entra', { iss: KEYCLOAK }))).toBe(
      'invalid_request',
    );
    expect(await refusal(world, 'planner', await world.foreign('entra', { iss: STS }))).toBe(
      'invalid_request',
    );
  });
});
