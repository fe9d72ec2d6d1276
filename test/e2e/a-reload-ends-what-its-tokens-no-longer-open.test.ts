import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import { idOf, tokenPolicy, tokenWorld, type TokenWorld } from '../support/tokens.ts';

const ROUTE =
  '  GET /events: { scopes: [invoices:read], token: required, onBehalfOf: required, via: [portal] }';
const POLICY = tokenPolicy(ROUTE);
const change = (from: string | RegExp, to: string) => (w: TokenWorld) =>
  w.write('policy.yaml', POLICY.replace(from, to));
const kill = async (w: TokenWorld) => {
  await adminCall(join(w.folder, 'sidegate.sock'), 'POST', '/kill?agent=portal');
};

const forget = (w: TokenWorld) =>
  w.write('policy.yaml', POLICY.replace(/issuers:\n.*\n/, '').replace(/, token: .*\}/, ' }'));

it.each([
  ['an issuer that is another one', 'TOKEN_UNTRUSTED', change('sts.acme.test', 'sts2.acme.test')],
  [
    'an issuer that is read otherwise',
    'TOKEN_UNTRUSTED',
    change('narrows: true', 'clientClaim: azp'),
  ],
  ['an issuer that is gone, with all rules for tokens', 'TOKEN_UNTRUSTED', forget],
  ['a route that takes no token', 'TOKEN_NOT_TAKEN', change(/, token: .*\}/, ' }')],
  [
    'a subject that is not let in',
    'DELEGATION_SUBJECT_REFUSED',
    change('via:', 'subjects: { sts: [bob] }, via:'),
  ],
  [
    'an actor that is not let through',
    'DELEGATION_ACTOR_REFUSED',
    change('via: [portal]', 'via: [billing]'),
  ],
  [
    'an actor that is disabled',
    'DELEGATION_ACTOR_REFUSED',
    change('portal: [invoices:read]', 'portal: { scopes: [invoices:read], disabled: true }'),
  ],
  ['an actor that is killed', 'DELEGATION_ACTOR_REFUSED', kill],
] as const)('%s', async (_, code, act) => {
  const w = await tokenWorld({ policy: POLICY });
  const headers = await w.bearer('planner', {
    act: { sub: idOf('planner'), act: { sub: idOf('portal') } },
  });
  const stream = await w.open({ as: 'planner', path: '/events?every=20', headers });
  expect(stream.statusCode).toBe(200);
  const broken = expect(stream.toArray()).rejects.toThrow('aborted');
  await act(w);
  await broken;
  const [line] = (await w.ended(1)).filter(({ event }) => event === 'call');
  expect(line).toMatchObject({ code, how: 'cut' });
});

it('a reload that changes nothing for it leaves a stream alone', async () => {
  const w = await tokenWorld({ policy: POLICY });
  const headers = await w.bearer('planner', {
    act: { sub: idOf('planner'), act: { sub: idOf('portal') } },
  });
  const stream = await w.open({ as: 'planner', path: '/events?every=20', headers });
  w.write('policy.yaml', `# moved down by a line\n${POLICY}`);
  w.sidecar.reload();
  await once(stream, 'data');
  stream.destroy();
  const [line] = (await w.ended(1)).filter(({ event }) => event === 'call');
  expect(line).toMatchObject({ code: 'CALLER_LEFT' });
});
