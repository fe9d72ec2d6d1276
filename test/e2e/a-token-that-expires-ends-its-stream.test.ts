import { expect, it } from 'vitest';
import { tokenPolicy, tokenWorld } from '../support/tokens.ts';

it('a stream that a token opened ends when the token expires', async () => {
  const w = await tokenWorld({
    policy: tokenPolicy('  GET /events: { scopes: [], token: required, onBehalfOf: required }'),
  });
  const exp = Math.floor(Date.now() / 1000) + 3;
  const headers = await w.bearer('planner', { exp });
  const stream = await w.open({ as: 'planner', path: '/events?every=20', headers });
  await expect(stream.toArray()).rejects.toThrow('aborted');
  expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
  const [line] = (await w.ended(1)).filter(({ event }) => event === 'call');
  expect(line).toMatchObject({ code: 'TOKEN_EXPIRED', how: 'cut', decision: 'allow' });
});
