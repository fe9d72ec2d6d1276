import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import { until, world, type World } from '../support/harness.ts';
import { startProcess } from '../support/process.ts';

function ask(w: World, method: string, path: string): Promise<unknown> {
  return adminCall(join(w.folder, 'sidegate.sock'), method, path);
}

const kill = (w: World, agent: string) => ask(w, 'POST', `/kill?agent=${agent}&by=alice`);
const lift = (w: World, agent: string) => ask(w, 'POST', `/lift?agent=${agent}&by=alice`);

describe('a killed agent', () => {
  it('is refused, its open calls are cut, nobody else notices, and lifting ends it', async () => {
    const w = await world();
    const stream = await w.open({ as: 'planner', path: '/events?every=60000' });
    const other = await w.open({ as: 'billing', path: '/events?every=60000' });
    const broken = stream.toArray();
    expect(await kill(w, 'planner')).toEqual({
      agent: 'planner',
      killed: true,
      changed: true,
      inPolicy: true,
      cut: 1,
    });
    await expect(broken).rejects.toThrow('aborted');
    const refused = await w.call({ as: 'planner', path: '/invoices' });
    expect(refused.status).toBe(403);
    expect(refused.json().code).toBe('AGENT_DISABLED');
    expect((await w.call({ as: 'billing', path: '/invoices' })).status).toBe(200);
    expect(other.destroyed).toBe(false);
    expect(await w.metrics()).toMatch(/^sidegate_killed_agents 1$/m);
    expect(await w.why(String(refused.json().id))).toMatchObject({
      code: 'AGENT_DISABLED',
      detail: 'killed by the operator',
      remedy: 'When it may call again: sidegate kill planner --lift',
    });
    expect(await lift(w, 'planner')).toMatchObject({ killed: false, changed: true });
    expect((await w.call({ as: 'planner', path: '/invoices' })).status).toBe(200);
    other.destroy();
  });

  it('is in the log and in the audit, with who said so and when', async () => {
    const w = await world();
    await kill(w, 'planner');
    await kill(w, 'planner');
    await lift(w, 'planner');
    const lines = (await w.audit()).filter(({ event }) => event === 'kill' || event === 'lift');
    expect(lines).toMatchObject([
      { event: 'kill', agent: 'planner', by: 'alice' },
      { event: 'lift', agent: 'planner', by: 'alice' },
    ]);
    expect(w.log()).toContain('planner is killed, says alice');
    expect(w.log()).toContain('planner is no longer killed, says alice');
  });

  it('is killed also while the policy file is broken, and stays so when it is mended', async () => {
    const w = await world();
    const policy = readFileSync(join(w.folder, 'policy.yaml'), 'utf8');
    w.write('policy.yaml', `${policy}nonsense: true\n`);
    w.sidecar.reload();
    await kill(w, 'planner');
    const code = async () => (await w.call({ as: 'planner', path: '/invoices' })).json().code;
    expect(await code()).toBe('AGENT_DISABLED');
    w.write('policy.yaml', policy);
    w.sidecar.reload();
    expect(await code()).toBe('AGENT_DISABLED');
  });

  it('need not be in the policy yet: whoever mistyped is told, and it is killed when it comes', async () => {
    const w = await world();
    expect(await kill(w, 'plannr')).toMatchObject({ inPolicy: false, nearest: 'planner' });
    const policy = readFileSync(join(w.folder, 'policy.yaml'), 'utf8');
    w.write('policy.yaml', policy.replace('  planner:', '  plannr:'));
    w.sidecar.reload();
    const answer = await w.call({ as: 'plannr', path: '/invoices' });
    expect(answer.json().code).toBe('AGENT_DISABLED');
    await expect(kill(w, 'Not-A-Name')).rejects.toThrow('no name for an agent');
  });

  it('stays killed over a restart; without a list that can be read, nothing starts', async () => {
    const w = await world();
    const first = startProcess(w);
    await first.port();
    await adminCall(first.adminSocket, 'POST', '/kill?agent=planner&by=alice');
    const file = join(w.folder, 'other.killed.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = startProcess(w);
    await second.saying(/killed, as before: planner/);
    await second.port();
    expect(await adminCall(second.adminSocket, 'GET', '/killed')).toMatchObject({
      killed: [{ agent: 'planner', by: 'alice', inPolicy: true }],
    });
    second.child.kill('SIGTERM');
    await second.ended;
    writeFileSync(file, '{"version":1,"killed":');
    const third = startProcess(w);
    expect(await third.ended).toBe(2);
    expect(third.said()).toMatch(
      /other\.killed\.json is broken, so nobody knows .*\n {2}Restore it/,
    );
  });

  it('is killed also where that cannot be written down, and whoever did it is told so', async () => {
    const w = await world({ flags: { 'admin.killed': 'state/killed.json' } });
    w.write('state', 'a file where its folder should be');
    const stream = await w.open({ as: 'planner', path: '/events?every=60000' });
    const broken = stream.toArray();
    await expect(kill(w, 'planner')).rejects.toThrow('killed now, but a restart would forget it');
    await expect(broken).rejects.toThrow('aborted');
    const answer = await until(() => w.call({ as: 'planner', path: '/invoices' }));
    expect(answer.json().code).toBe('AGENT_DISABLED');
  });
});
