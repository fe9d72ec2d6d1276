import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';

it('events arrive one by one, the head before the first of them', async () => {
  const w = await world();
  const response = await w.open({ as: 'billing', path: '/events?every=150&count=3' });
  expect(response.headers['content-type']).toContain('text/event-stream');
  const arrivals: string[] = [];
  for await (const chunk of response) arrivals.push(String(chunk));
  expect(arrivals.length).toBeGreaterThanOrEqual(3);
  expect(arrivals[0]).not.toContain('id: 2');
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'OK', how: 'complete', route: 'GET /events' });
});

it('a silent stream has its head at once, is announced in the audit, and its caller leaving ends it at the agent', async () => {
  const w = await world();
  const response = await w.open({ as: 'billing', path: '/events?every=60000' });
  expect(response.statusCode).toBe(200);
  await until(async () => (await w.audit()).find(({ event }) => event === 'begun'));
  response.destroy();
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'CALLER_LEFT', how: 'callerLeft', decision: 'allow' });
  await until(async () => {
    const answer = await w.call({ as: 'billing', path: '/events/open' });
    return answer.json().open === 0 ? true : undefined;
  });
});
