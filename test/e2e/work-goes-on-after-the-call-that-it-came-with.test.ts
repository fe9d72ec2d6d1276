import { expect, it } from 'vitest';
import { renderWhy, whyShape } from '../../src/status/index.ts';
import { idOf } from '../support/tokens.ts';
import { saidTo, taskWorld } from '../support/tasks.ts';

const GRACE = { 'outbound.grace': '0s' };

it('a task is registered before its caller is answered, and the caller sees nothing of it', async () => {
  const w = await taskWorld({ flags: GRACE });
  const answer = await w.work('invoice-run:2026~7.a_b');
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: 'accepted' });
  expect(Object.keys(answer.headers)).not.toContain('x-sidegate-task');
  const [registered] = await w.service!.audit();
  expect(registered).toMatchObject({
    ...{ grant: 'task-grant', decision: 'allow', spiffeId: idOf('invoices') },
    ...{ audience: idOf('billing'), given: 'invoices:read' },
  });
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'OK', task: 'invoice-run:2026~7.a_b' });
  expect(line?.taskGrant).toBe(registered?.taskGrant);
  expect(await w.metrics()).toContain('sidegate_tasks 1');
});

it('sidegate why tells of it, of the call that started it and of those that are made because of it', async () => {
  const w = await taskWorld();
  const handle = await w.start('run-7');
  const [inbound] = await w.ended(1);
  const why = async (id: unknown) => renderWhy(whyShape.parse(await w.why(String(id))));
  const grant = String(inbound?.taskGrant);
  expect(await why(inbound?.id)).toContain(`goes on after it as 'run-7': ${grant}.`);
  await w.out({ peer: 'billing', handle });
  await w.finish(handle);
  const [out, end] = await w.sent(2);
  expect(await why(out?.id)).toContain(`belongs to work that outlives its call: ${grant}.`);
  expect(await why(end?.id)).toContain('the agent ends its own task');
  const refused = await w.work('run-8', { path: '/brief' });
  expect(await why(refused.json().id)).toContain("say 'tasks' on the route");
});

it('its handle works on after the call, its grace and its token have ended, for alice and through planner', async () => {
  let later = 0;
  const w = await taskWorld({ flags: GRACE, now: () => Date.now() + later });
  const handle = await w.start('run-7', { exp: Math.floor(Date.now() / 1000) + 60 });
  await w.ended(1);
  later = 20 * 60_000;
  const answer = await w.out({ peer: 'billing', handle });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  expect(saidTo(w)).toMatchObject({
    ...{ aud: idOf('billing'), scope: 'invoices:read', client_id: idOf('invoices') },
    act: { sub: idOf('invoices'), act: { sub: idOf('planner') } },
  });
  expect(String(saidTo(w).sub)).toContain('alice');
  const [inbound] = await w.ended(1);
  const { taskGrant, id: inboundId } = inbound ?? {};
  const sent = { taskGrant, inboundId, inboundAgent: 'planner', subject: { sub: 'alice' } };
  expect((await w.sent(1))[0]).toMatchObject(sent);
});

it('it ends with the life that the route gives it, and is not longer for a clock that was set back', async () => {
  let later = 0;
  const w = await taskWorld({ now: () => Date.now() + later });
  const handle = await w.start();
  later = 30 * 60_000 - 5000;
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  later = 30 * 60_000 + 1000;
  expect((await w.out({ peer: 'billing', handle })).json()).toMatchObject({
    code: 'CONTEXT_REFUSED',
  });
  later = 0;
  expect((await w.out({ peer: 'billing', handle })).json()).toMatchObject({
    code: 'CONTEXT_REFUSED',
  });
  expect(await w.metrics()).toContain('sidegate_tasks 0');
});

it('it goes on under a new certificate of the agent, by which it is also ended', async () => {
  const w = await taskWorld();
  const [handle, other] = [await w.start('one'), await w.start('two')];
  expect((await w.out({ peer: 'billing', handle })).status).toBe(200);
  const next = w.issue({ id: idOf('invoices') });
  w.write('certs/server.key', next.keyPem);
  w.write('certs/server.crt', next.certPem);
  expect(w.sidecar.reload().filter(({ ok }) => !ok)).toEqual([]);
  for (const each of [handle, other]) {
    expect((await w.out({ peer: 'billing', handle: each })).status).toBe(200);
    expect(saidTo(w).cnf).toEqual({ 'x5t#S256': w.billing.seen.at(-1)?.thumbprint });
    expect((await w.finish(each)).status).toBe(204);
  }
  expect(new Set(w.billing.seen.map(({ thumbprint }) => thumbprint)).size).toBe(2);
});
