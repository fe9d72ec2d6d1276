import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PEERS, outboundWorld } from '../support/outbound.ts';
import { claimsOf, stsWorld } from '../support/sts-world.ts';
import { ISSUER, idOf, tokenPolicy } from '../support/tokens.ts';

const AGENTS = `  planner: [invoices:read]
  invoices: { scopes: [invoices:read, invoices:write], peers: [billing, ledger] }
  billing: [invoices:read]
  ledger: [invoices:read]`;

it('own authority by client credentials, delegated authority by exchange, and no more than alice may do', async () => {
  const sts = await stsWorld({ policy: policyOf('') });
  const flags = { 'token-service.url': `https://127.0.0.1:${sts.port}/token` };
  const w = await outboundWorld({ ca: sts.ca, flags });
  const believed = w.policyWith(PEERS).replace(/audiences: \[[^\]]*\], /, '');
  w.write(
    'policy.yaml',
    believed.replace('[invoices:read] }', '[invoices:read, invoices:write] }'),
  );
  sts.write('keys.json', readFileSync(join(w.folder, 'sts-jwks.json'), 'utf8'));
  sts.write(
    'policy.yaml',
    policyOf(`issuers:\n  idp: { issuer: '${ISSUER}', keys: { file: keys.json } }\n`),
  );
  for (const { reload } of [w.sidecar, sts.server])
    expect(reload().filter(({ ok }) => !ok)).toEqual([]);
  const aud = idOf('invoices');
  const handle = await w.handle('planner', { aud, scope: 'invoices:read' });

  expect((await w.out({ peer: 'ledger' })).status).toBe(200);
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  const [own] = w.ledger.seen;
  const [delegated] = w.billing.seen;
  const saidOf = (seen: typeof own) =>
    claimsOf(seen?.headers.authorization?.replace('Bearer ', '') ?? '');
  expect(saidOf(own)).toMatchObject({ sub: aud, aud: idOf('ledger'), scope: 'invoices:read' });
  expect(saidOf(delegated)).toMatchObject({
    aud: idOf('billing'),
    client_id: aud,
    scope: 'invoices:read',
    act: { sub: aud },
    cnf: { 'x5t#S256': delegated?.thumbprint },
  });
  expect(String(saidOf(delegated).sub)).toContain('alice');
});

function policyOf(issuers: string): string {
  const [head = ''] = tokenPolicy('  GET /: []').split('issuers:');
  return `${head}${issuers}agents:\n${AGENTS}\nroutes:\n  GET /: []\n`;
}
