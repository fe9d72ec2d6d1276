import { Agent } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { startProcess } from '../support/process.ts';

const CLIENTS = 8;

/** Calls all the time on one connection, anew when that is ended, until nobody listens any more; how each call ended. */
async function callOn(w: World, port: number, ends: string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (;;) {
    const end = await w
      .call({ as: 'billing', path: '/invoices', port, agent })
      .then(({ status }) => String(status), codeOf);
    ends.push(end);
    if (end !== '200') return;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

it('a SIGTERM under load: every call is answered with 200, or finds nobody who listens', async () => {
  const w = await world();
  const one = startProcess(w);
  const port = await one.port();
  const ends: string[] = [];
  const clients = Array.from({ length: CLIENTS }, () => callOn(w, port, ends));
  await until(() => ends.length > 200 || undefined);
  one.child.kill('SIGTERM');
  one.child.kill('SIGHUP');
  await Promise.all(clients);
  expect(await one.ended).toBe(0);
  expect([...new Set(ends)].toSorted()).toEqual(['200', 'ECONNREFUSED']);
  const calls = one.audit().filter(({ event }) => event === 'call');
  expect(calls).toHaveLength(ends.filter((end) => end === '200').length);
});

it('SIGHUP, also twice, during a drain is harmless; a second SIGTERM ends it at once', async () => {
  const w = await world();
  const one = startProcess(w, { flags: ['--limits.drain', '1h'] });
  const port = await one.port();
  const stream = await w.open({ as: 'billing', path: '/events?every=50', port });
  const heard: string[] = [];
  const broken = (async () => {
    for await (const chunk of stream) heard.push(String(chunk));
  })();
  one.child.kill('SIGTERM');
  await until(() =>
    w.call({ as: 'billing', path: '/invoices', port }).then(
      () => undefined,
      (error: unknown) => codeOf(error) === 'ECONNREFUSED' || undefined,
    ),
  );
  one.child.kill('SIGHUP');
  one.child.kill('SIGHUP');
  const before = heard.length;
  await until(() => heard.length > before + 2 || undefined);
  expect(one.child.exitCode).toBe(null);
  one.child.kill('SIGTERM');
  await expect(broken).rejects.toThrow('aborted');
  expect(await one.ended).toBe(0);
  const ofStream = one.audit().find(({ event, path }) => event === 'call' && path === '/events');
  expect(ofStream).toMatchObject({ code: 'CUT' });
});
