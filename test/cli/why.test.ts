import { request } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { parseListen } from '../../src/lib/index.ts';
import { startAdmin, whyShape } from '../../src/status/index.ts';
import { running, type Running } from './running.ts';
import { isClearFault, newSandbox } from './sandbox.ts';

async function denied({ box, to }: Running, ...what: readonly string[]): Promise<string> {
  const { out } = await box.run('call', 'client', ...what, '--to', to);
  return /why ([a-z2-7]{16})/.exec(out)?.[1] ?? '';
}

test('why draws the gates, the rule with its line and caret, what was missing, and the change', async () => {
  const one = await running();
  const id = await denied(one, 'POST', '/');
  const { code, out, err } = await one.box.bin('why');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain(`✗ 405 METHOD_NOT_ALLOWED  client  POST /\n  ${id}`);
  expect(out).toMatch(/✓ identity {8}spiffe:\/\/acme\.test\/agent\/client\n {2}│\n/);
  expect(out).toMatch(/✓ authentication {2}certificate [0-9a-fA-F]+\n {2}│\n/);
  expect(out).toContain('✗ authorization   missing: method POST');
  expect(out).toMatch(
    /\n {2}policy\.yaml:(\d+):3 {2}GET \/\n {2}\1 \| {3}GET \/: \[invoices:read\]\n {2} +\| {3}\^/,
  );
  expect(out).toContain('The smallest change that allows it:');
  expect(out).toMatch(/^ {4}\+ .*POST \/:/m);
  expect(out).toContain('The caller was told: This method is not allowed here. Stop.');
  expect(out).not.toContain(one.box.folder);
});

test('the change that why proposes allows the call', async () => {
  const one = await running();
  await denied(one, 'GET', '/invoices/INV-1');
  const { out } = await one.box.run('why', '--json');
  const { change } = whyShape.parse(JSON.parse(out));
  const lines = one.box.read('policy.yaml').split('\n');
  for (const { line, before, after } of [...(change?.edits ?? [])].reverse())
    if (before === undefined) lines.splice(line, 0, after);
    else lines[line - 1] = after;
  one.box.write('policy.yaml', lines.join('\n'));
  const explained = await one.box.run('explain', 'client', 'GET', '/invoices/INV-1', '--json');
  expect(JSON.parse(explained.out)).toMatchObject({ allowed: true });
});

test('a call is found by its whole ID, by its beginning, and as the last of all', async () => {
  const one = await running();
  const id = await denied(one, 'GET', '/admin');
  await one.box.run('call', 'client', 'GET', '/', '--to', one.to);
  for (const asked of [id, id.slice(0, 6)])
    expect((await one.box.run('why', asked)).out).toContain(
      `NO_ROUTE  client  GET /admin\n  ${id}`,
    );
  const last = await one.box.run('why', 'last');
  expect(last.out).toMatch(/^✓ 200 {2}client {2}GET \/\n/);
  expect(last.out).toContain('✓ authorization   GET /\n');
  expect(last.out).toContain('The call was allowed and carried out.');
});

test('a connection without a certificate ends at the first gate', async () => {
  const one = await running();
  await new Promise<void>((resolve) => {
    const asking = request(`${one.to}/`, { rejectUnauthorized: false, agent: false }, (response) =>
      response.resume().once('close', resolve),
    );
    asking.once('error', () => resolve()).end();
  });
  const { out } = await one.box.run('why');
  expect(out).toMatch(/^✗ NO_CERTIFICATE {2}unknown caller\n/);
  expect(out).toContain('✗ identity');
  expect(out).toContain('· authentication\n  │\n  · authorization');
});

test('a genuine certificate that is no agent of the policy ends at the last gate', async () => {
  const one = await running();
  await one.box.run('ca', 'mint', 'stranger');
  await one.box.run('call', 'stranger', 'GET', '/', '--to', one.to);
  const { out } = await one.box.run('why');
  expect(out).toContain('✗ 403 UNKNOWN_AGENT  spiffe://acme.test/agent/stranger  GET /');
  expect(out).toContain('✓ authentication');
  expect(out).toContain('✗ authorization   no agent of the policy');
  expect(out).toMatch(/\+ {3}stranger: \[invoices:read\]/);
});

test('an agent that cannot be reached is behind all three gates', async () => {
  const one = await running();
  await one.stopAgent();
  const call = await one.box.run('call', 'client', 'GET', '/', '--to', one.to);
  expect(call.out).toContain('502 UPSTREAM_UNREACHABLE');
  const { out } = await one.box.run('why');
  expect(out).toMatch(/✓ authorization {3}GET \/\n {2}│\n {2}✗ upstream {8}\S/);
});

test('what shadow mode let through says so', async () => {
  const one = await running({ mode: 'shadow' });
  const call = await one.box.run('call', 'client', 'GET', '/admin', '--to', one.to);
  expect(call.code).toBe(0);
  const { out } = await one.box.run('why', 'last');
  expect(out).toMatch(/^~ 200 NO_ROUTE {2}client {2}GET \/admin\n/);
  expect(out).toContain('shadow mode let it through');
  expect(out).not.toContain('The caller was told');
});

test('nothing that a caller sends can steer the terminal', async () => {
  const one = await running();
  await denied(one, 'GET', '/%E2%80%AEevil');
  const { out } = await one.box.run('why');
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test.each([
  { what: 'an ID that nobody has', args: ['zzzzzz'], says: 'no call of the last hour' },
  { what: 'nothing denied yet', args: [], says: 'nothing was denied yet' },
])('$what is said in one sentence', async ({ args, says }) => {
  const { box } = await running();
  const ran = await box.run('why', ...args);
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(says);
  expect(isClearFault(ran)).toBe(true);
});

test('an answer in another form is not shown as if it were right', async () => {
  const box = newSandbox();
  const listen = parseListen(`unix:${box.file('a.sock')}`);
  if (listen === undefined) throw new TypeError('a socket is a listen');
  const admin = await startAdmin({ listen, handlers: { 'GET /why': () => ({ id: 7 }) } });
  onTestFinished(() => admin.close());
  const ran = await box.run('why', '--admin', 'unix:a.sock');
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('in a form that this command does not know');
});
