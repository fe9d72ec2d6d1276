import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import { idOf, tokenPolicy, tokenWorld } from '../support/tokens.ts';

const POLICY = tokenPolicy(
  '  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required }',
);

it.each([
  ['as an actor', { act: { sub: idOf('planner'), act: { sub: idOf('portal') } } }],
  ['as whom is acted for', { sub: idOf('portal') }],
])('%s', async (_, claims) => {
  const w = await tokenWorld({ policy: POLICY });
  const headers = await w.bearer('planner', claims);
  const code = async () => {
    const answer = await w.call({ as: 'planner', path: '/whoami', headers });
    return answer.status === 200 ? 200 : answer.json().code;
  };
  const tell = (wish: string) => adminCall(join(w.folder, 'sidegate.sock'), 'POST', wish);
  expect(await code()).toBe(200);
  await tell('/kill?agent=portal');
  expect(await code()).toBe('DELEGATION_ACTOR_REFUSED');
  const lines = await w.ended(2);
  expect(lines.at(-1)).toMatchObject({
    detail: 'portal: killed by the operator',
    decision: 'deny',
  });
  await tell('/lift?agent=portal');
  expect(await code()).toBe(200);
});
