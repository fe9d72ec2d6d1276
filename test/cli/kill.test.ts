import { expect, test } from 'vitest';
import { isClearFault } from './sandbox.ts';
import { running } from './running.ts';

test('kill has an agent refused at once, --list says who and by whom, --lift ends it', async () => {
  const { box, to } = await running();
  const call = () => box.run('call', 'client', 'GET', '/', '--to', to);
  expect(await box.run('kill', '--list')).toMatchObject({ code: 0, out: 'Nobody is killed.\n' });
  const killed = await box.runWith({ env: { USER: 'alice' } }, 'kill', 'client');
  expect(killed).toEqual({
    code: 0,
    out: '✓ client is killed, no call of it was open\n  When it may call again: sidegate kill client --lift\n',
    err: '',
  });
  expect((await call()).out).toContain('AGENT_DISABLED');
  expect((await box.run('why')).out).toContain('sidegate kill client --lift');
  expect((await box.run('kill', '--list')).out).toMatch(/^client {2}since .* UTC {2}by alice\n$/);
  const { out } = await box.run('kill', 'client', '--json');
  expect(JSON.parse(out)).toMatchObject({ killed: true, changed: false });
  const lifted = await box.run('kill', 'client', '--lift');
  expect(lifted.out).toBe('✓ client may call again, as the policy says\n');
  expect((await call()).code).toBe(0);
});

test('kill of a name that the policy has not: it is told, and kept all the same', async () => {
  const { box } = await running();
  const { code, err } = await box.run('kill', 'clint');
  expect(code).toBe(0);
  expect(err).toContain("names no agent 'clint'; did you mean client?");
  expect((await box.run('kill', '--list')).out).toContain('not in the policy in force');
});

test.each([[[]], [['client', '--list']], [['--list', '--lift']], [['Not A Name']]])(
  'kill %j is a fault with a remedy',
  async (args) => {
    const { box } = await running();
    const ran = await box.run('kill', ...args);
    expect(ran.code).not.toBe(0);
    expect(isClearFault(ran)).toBe(true);
  },
);
