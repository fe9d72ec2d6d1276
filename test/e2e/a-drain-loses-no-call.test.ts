import { Agent } from 'node:https';
import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';
import { OK, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

it('a drain ends open calls properly, takes what comes on open connections, and then everything is closed', async () => {
  const w = await world();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const stream = await w.open({ as: 'billing', path: '/events?every=100&count=5' });
  const drained = w.sidecar.drain();
  let events = '';
  for await (const chunk of stream) events += String(chunk);
  expect(events.match(/^event: /gm)).toHaveLength(5);
  await drained;
  agent.destroy();
  await expect(w.call({ as: 'billing', path: '/invoices' })).rejects.toThrow('ECONNREFUSED');
  expect(await w.ended(1)).toMatchObject([{ code: 'OK', how: 'complete' }]);
});

it('a second signal cuts what a drain still waits for, and the audit says so', async () => {
  const w = await world();
  const stream = await w.open({ as: 'billing', path: '/events?every=60000' });
  const cut = stream.toArray();
  const drained = w.sidecar.drain();
  w.sidecar.stopNow();
  await expect(cut).rejects.toThrow('aborted');
  await drained;
  expect(await w.ended(1)).toMatchObject([{ code: 'CUT', how: 'cut', decision: 'allow' }]);
});

it('readiness is false as soon as a drain begins', async () => {
  const w = await world();
  const { status } = w.sidecar;
  const port = status?.kind === 'tcp' ? status.port : 0;
  const ready = () => fetch(`http://127.0.0.1:${port}/readyz`);
  expect((await ready()).status).toBe(200);
  const stream = await w.open({ as: 'billing', path: '/events?every=60000' });
  const drained = w.sidecar.drain();
  const answer = await until(ready);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ ready: false, reasons: ['DRAINING'] });
  stream.on('error', () => undefined);
  w.sidecar.stopNow();
  await drained;
});

const GET = 'GET /invoices HTTP/1.1\r\nhost: x\r\n\r\n';

it('calls that wait for each other on one connection are all answered, and only the last says that it is', async () => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream });
  const socket = await w.raw();
  const heard = listenTo(socket);
  socket.write(GET.repeat(3));
  await until(() => agent.sockets[2]);
  const drained = w.sidecar.drain();
  for (const at of agent.sockets) at.write(OK);
  await drained;
  await until(() => heard.closed || undefined);
  expect(heard.statuses()).toEqual([200, 200, 200]);
  expect(heard.text.match(/connection: [a-z-]+/gi)?.map((field) => field.toLowerCase())).toEqual([
    'connection: keep-alive',
    'connection: keep-alive',
    'connection: close',
  ]);
  expect((await w.ended(3)).every(({ code }) => code === 'OK')).toBe(true);
});

it('an idle connection does not wait for the end of the drain', async () => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream });
  const idle = await w.raw();
  const heard = listenTo(idle);
  idle.write(GET);
  await until(() => agent.sockets[0]?.write(OK));
  await until(() => heard.statuses()[0]);
  const busy = await w.raw();
  listenTo(busy);
  busy.write(GET);
  await until(() => agent.sockets[1]);
  const drained = w.sidecar.drain();
  await until(() => heard.closed || undefined);
  agent.sockets[1]?.write(OK);
  await drained;
  expect(await w.ended(2)).toMatchObject([{ code: 'OK' }, { code: 'OK' }]);
});

it.each([
  ['an answer', GET],
  [
    'a change of protocol',
    'GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  ],
])('an agent that never answers cannot hold up a drain past its limit: %s', async (_, call) => {
  const agent = await scriptedAgent();
  const w = await world({ upstream: agent.upstream, flags: { 'limits.drain': '100ms' } });
  const socket = await w.raw();
  socket.write(call);
  await until(() => agent.sockets[0]);
  await w.sidecar.drain();
  expect(await w.ended(1)).toMatchObject([{ code: 'CUT', how: 'cut' }]);
  await until(() => agent.open() === 0 || undefined);
  expect(w.log()).not.toContain('failed inside Sidegate');
});
