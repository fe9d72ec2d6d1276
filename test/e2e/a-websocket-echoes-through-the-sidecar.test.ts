import { once } from 'node:events';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { world, type World } from '../support/harness.ts';

function open(w: World, as: string, path = '/socket') {
  const { chainPem: cert, keyPem: key } = w.as(as);
  return new WebSocket(`wss://127.0.0.1:${w.port}${path}`, { ca: w.ca.certPem, cert, key });
}

it('a WebSocket echoes text and binary through the sidecar, with one audit line at its end', async () => {
  const w = await world();
  const socket = open(w, 'planner');
  await once(socket, 'open');
  const echoes: Buffer[] = [];
  socket.on('message', (data) => echoes.push(data as Buffer));
  const big = Buffer.alloc(3 * 1024 * 1024, 7);
  socket.send('hello');
  socket.send(big);
  while (echoes.length < 2) await once(socket, 'message');
  expect(echoes[0]?.toString()).toBe('hello');
  expect(echoes[1]?.equals(big)).toBe(true);
  socket.close();
  await once(socket, 'close');
  const [line, ...more] = await w.ended(1);
  expect(more).toEqual([]);
  expect(line).toMatchObject({ status: 101, code: 'OK', how: 'complete', route: 'GET /socket' });
  expect(Number(line?.bytesIn)).toBeGreaterThan(big.length);
});

it('an upgrade that the route does not allow is refused before the agent hears of it', async () => {
  const w = await world();
  const socket = open(w, 'planner', '/invoices');
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number },
  ];
  expect(response.statusCode).toBe(403);
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'UPGRADE_NOT_ALLOWED', decision: 'deny' });
});

it('an ordinary answer to an upgrade passes as what it is', async () => {
  const w = await world({
    policy: `version: 1
trustDomain: acme.test
agents: { planner: [] }
routes: { GET /invoices: { scopes: [], upgrade: websocket } }
`,
  });
  const socket = open(w, 'planner', '/invoices');
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number },
  ];
  expect(response.statusCode).toBe(200);
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'OK', status: 200 });
});
