import { describe, expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { OK, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const WHOAMI = 'GET /whoami HTTP/1.1\r\nhost: x\r\n\r\n';

async function ask(w: World, as: string) {
  const socket = await w.raw(w.as(as));
  const heard = listenTo(socket);
  socket.write(WHOAMI);
  await until(() => heard.statuses()[0] ?? (heard.closed ? 0 : undefined));
  return heard;
}

describe('a head that does not arrive in time is told 408 and recorded once', () => {
  it.each([
    ['a part of a head', 'GET /who'],
    ['nothing at all', ''],
    ['a part of the second head', `${WHOAMI}GET /who`],
  ])('%s', async (_, bytes) => {
    const w = await world({ flags: { 'limits.head-timeout': '100ms' } });
    const socket = await w.raw();
    const heard = listenTo(socket);
    if (bytes !== '') socket.write(bytes);
    await until(() => heard.closed || undefined);
    expect(heard.statuses().at(-1)).toBe(408);
    const lines = await w.ended(1);
    expect(lines.filter(({ code }) => code === 'TIMEOUT')).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({
      event: 'refused-connection',
      certSerial: expect.any(String) as string,
    });
  });

  it('a head that drips byte by byte is no different', async () => {
    const w = await world({ flags: { 'limits.head-timeout': '100ms' } });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write('GET /whoami HTTP/1.1\r\nx: ');
    const drip = setInterval(() => socket.write('y'), 50);
    await until(() => heard.closed || undefined);
    clearInterval(drip);
    expect(heard.statuses()).toEqual([408]);
    expect(await w.ended(1)).toHaveLength(1);
  });

  it('a body may take longer than a head', async () => {
    const w = await world({ flags: { 'limits.head-timeout': '100ms' } });
    const socket = await w.raw();
    const heard = listenTo(socket);
    const body = JSON.stringify({ customer: 'Acme', cents: 100, due: '2030-01-01' });
    socket.write(
      `POST /invoices HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    const late = await w.raw();
    const heardLate = listenTo(late);
    await until(() => heardLate.statuses()[0]);
    expect(heardLate.statuses()).toEqual([408]);
    socket.write(body);
    await until(() => heard.statuses()[0]);
    expect(heard.statuses()).toEqual([201]);
  });
});

it('one agent cannot take the connections of another, and gets its own back', async () => {
  const w = await world({ flags: { 'limits.connections-per-agent': '2' } });
  const first = await w.raw(w.as('billing'));
  expect((await ask(w, 'billing')).statuses()).toEqual([200]);
  const third = await ask(w, 'billing');
  expect(third.statuses()).toEqual([503]);
  expect(third.text).toMatch(/"code":"TOO_MANY_CONNECTIONS"/);
  expect(third.text).toMatch(/\r\nretry-after: 1\r\n/);
  expect((await ask(w, 'planner')).statuses()).toEqual([200]);
  first.destroy();
  await until(async () => (/^sidegate_connections 2$/m.test(await w.metrics()) ? true : undefined));
  expect((await ask(w, 'billing')).statuses()).toEqual([200]);
});

it('there are no more connections than allowed in all', async () => {
  const w = await world({ flags: { 'limits.connections': '2' } });
  expect((await ask(w, 'billing')).statuses()).toEqual([200]);
  expect((await ask(w, 'planner')).statuses()).toEqual([200]);
  expect((await ask(w, 'stranger')).statuses()).toEqual([503]);
  const lines = await w.ended(3);
  expect(lines[2]).toMatchObject({ event: 'refused-connection', code: 'TOO_MANY_CONNECTIONS' });
});

it('of the last connections, an agent that holds many gets none, and one that holds none does', async () => {
  const w = await world({ flags: { 'limits.connections': '10' } });
  await Promise.all(Array.from({ length: 9 }, () => w.raw(w.as('billing'))));
  expect((await ask(w, 'billing')).statuses()).toEqual([503]);
  expect((await ask(w, 'planner')).statuses()).toEqual([200]);
});

it('what is refused after the handshake is counted once, by its code', async () => {
  const w = await world({ flags: { 'limits.connections': '2' } });
  const broken = await w.raw();
  broken.write('GARBAGE\r\n\r\n');
  await until(async () =>
    /^sidegate_refused_connections_total/m.test(await w.metrics()) &&
    /^sidegate_connections 0$/m.test(await w.metrics())
      ? true
      : undefined,
  );
  const kept = await Promise.all([w.raw(), w.raw()]);
  expect((await ask(w, 'planner')).statuses()).toEqual([503]);
  for (const socket of kept) socket.destroy();
  const nobody = await w.raw(w.issue({ id: 'spiffe://other.test/x' }));
  const heard = listenTo(nobody);
  nobody.write(WHOAMI);
  await until(() => heard.statuses()[0]);
  await w.ended(3);
  const metrics = await w.metrics();
  expect(metrics.match(/^sidegate_refused_connections_total.*$/gm)).toEqual([
    'sidegate_refused_connections_total{code="MALFORMED_REQUEST"} 1',
    'sidegate_refused_connections_total{code="TOO_MANY_CONNECTIONS"} 1',
  ]);
  expect(metrics.match(/^sidegate_handshakes_total.*$/gm)?.toSorted()).toEqual([
    'sidegate_handshakes_total{result="FOREIGN_TRUST_DOMAIN"} 1',
    'sidegate_handshakes_total{result="OK"} 4',
  ]);
});

it('an idle connection is closed, and that is no refusal', async () => {
  const w = await world({ flags: { 'limits.idle-timeout': '100ms' } });
  const heard = await ask(w, 'billing');
  await until(() => heard.closed || undefined);
  expect(heard.statuses()).toEqual([200]);
  expect(await w.ended(1)).toMatchObject([{ code: 'OK' }]);
});

const limited = (limit: string, mode = 'enforce') => `version: 1
trustDomain: acme.test
mode: ${mode}
agents: { billing: [], planner: [] }
routes: { GET /whoami: { scopes: [], ${limit} } }
`;

const together = (n: number) => WHOAMI.repeat(n);

describe('a route takes no more calls of one agent than it says', () => {
  it.each([
    ['rate', 'rate: 1/h, burst: 2', 'RATE_LIMITED'],
    ['concurrency', 'concurrency: 2', 'CONCURRENCY_LIMITED'],
  ])('%s', async (_, limit, code) => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream, policy: limited(limit) });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(together(3));
    const other = await w.raw(w.as('planner'));
    const heardByOther = listenTo(other);
    other.write(WHOAMI);
    await until(() => agent.sockets[2]);
    for (const at of agent.sockets) at.write(OK);
    await until(() => heard.statuses()[2]);
    expect(heard.statuses()).toEqual([200, 200, 429]);
    expect(heard.text).toContain(`"code":"${code}"`);
    expect(heard.text).toMatch(/\r\nretry-after: 1\r\n/);
    await until(() => heardByOther.statuses()[0]);
    expect(heardByOther.statuses()).toEqual([200]);
    expect((await w.ended(4)).filter((line) => line.code === code)).toHaveLength(1);
  });

  it('a place is given back when its call is over, also when its caller left', async () => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream, policy: limited('concurrency: 1') });
    const socket = await w.raw();
    socket.write(WHOAMI);
    await until(() => agent.sockets[0]);
    expect((await ask(w, 'billing')).statuses()).toEqual([429]);
    socket.destroy();
    await w.ended(2);
    const again = await w.raw();
    again.write(WHOAMI);
    await until(() => agent.sockets[1]);
  });

  it('in shadow mode it only says so', async () => {
    const agent = await scriptedAgent((socket) => void socket.write(OK));
    const policy = limited('rate: 1/h, burst: 1', 'shadow');
    const w = await world({ upstream: agent.upstream, policy });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(together(2));
    await until(() => heard.statuses()[1]);
    expect(heard.statuses()).toEqual([200, 200]);
    const lines = await w.ended(2);
    expect(lines.map(({ decision }) => decision).sort()).toEqual(['allow', 'shadow-deny']);
    expect(lines.map(({ code }) => code).sort()).toEqual(['OK', 'RATE_LIMITED']);
  });
});

describe('there are no more calls under way than allowed', () => {
  const open = (mode: string) =>
    `version: 1
trustDomain: acme.test
mode: ${mode}
agents: { billing: [], planner: [], partner: [] }
routes: { GET /whoami: [] }
`;
  const elsewhere = WHOAMI.replace('whoami', 'elsewhere');

  it.each([
    ['of one agent', { 'limits.calls-per-agent': '2' }, 'enforce', WHOAMI],
    ['of one agent, also in shadow mode', { 'limits.calls-per-agent': '2' }, 'shadow', WHOAMI],
    [
      'of one that shadow mode lets through',
      { 'limits.calls-per-agent': '2' },
      'shadow',
      elsewhere,
    ],
    ['in all', { 'limits.calls': '2' }, 'enforce', WHOAMI],
  ])('%s', async (_, flags, mode, call) => {
    const agent = await scriptedAgent();
    const w = await world({ upstream: agent.upstream, policy: open(mode), flags });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(call.repeat(3));
    await until(() => agent.sockets[1]);
    for (const at of agent.sockets) at.write(OK);
    await until(() => heard.statuses()[2]);
    expect(heard.statuses()).toEqual([200, 200, 503]);
    expect(heard.text).toContain('"code":"TOO_MANY_CALLS"');
    expect(heard.text).toMatch(/\r\nretry-after: 1\r\n/);
    expect(await w.ended(3)).toHaveLength(3);
    expect(await w.metrics()).toMatch(/^sidegate_requests_total\{.*code="TOO_MANY_CALLS"\} 1$/m);
    socket.write(call);
    await until(() => agent.sockets[2]);
  });

  it('and of the last ones, an agent that has many gets none, and one that has none does', async () => {
    const agent = await scriptedAgent();
    const flags = { 'limits.calls': '10' };
    const w = await world({ upstream: agent.upstream, policy: open('enforce'), flags });
    const greedy = await w.raw();
    greedy.write(together(10));
    await until(() => agent.sockets[8]);
    (await w.raw(w.as('planner'))).write(WHOAMI);
    await until(() => agent.sockets[9]);
    expect(agent.heads.at(-1)).toContain('x-sidegate-agent: planner');
    expect((await ask(w, 'partner')).statuses()).toEqual([503]);
  });
});

it('a peer that may not speak is gone soon, and does not use up the places of others', async () => {
  const w = await world({ flags: { 'limits.connections': '1' } });
  const nobody = await Promise.all(
    [1, 2, 3].map(() => w.raw(w.issue({ id: 'spiffe://other.test/x' }))),
  );
  expect((await ask(w, 'billing')).statuses()).toEqual([200]);
  for (const socket of nobody) socket.destroy();
  expect(await w.ended(4)).toHaveLength(4);
});
