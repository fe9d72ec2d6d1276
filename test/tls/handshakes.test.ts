import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FailedHandshake } from '../../src/tls/failed-handshake.ts';
import { Handshakes, type HandshakeLimits } from '../../src/tls/handshakes.ts';
import { until } from '../support/harness.ts';

/** Real connections before their handshakes, and a clock in the hands of the test. */
async function gate(limits: Partial<HandshakeLimits>) {
  const clock = { at: 0 };
  const started: string[] = [];
  const turns: number[] = [];
  const reports: FailedHandshake[] = [];
  let turn = 0;
  const handshakes = new Handshakes(
    { total: 1000, perAddress: 1000, rate: 10, ...limits },
    {
      start: (raw) => {
        started.push(raw.remoteAddress ?? '');
        turns.push(turn);
      },
      report: (failed) => reports.push(failed),
    },
    () => clock.at,
  );
  const byPort = new Map<number, Socket>();
  const server = createServer({ pauseOnConnect: true }, (raw) => {
    byPort.set(raw.remotePort ?? 0, raw);
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  let counting = true;
  const count = (): void => {
    turn += 1;
    if (counting) setImmediate(count);
  };
  count();
  onTestFinished(() => {
    counting = false;
    for (const raw of byPort.values()) raw.destroy();
    server.close();
  });
  /** Connects from each of these addresses, then has all of them enter together, in their order. */
  const enter = async (...from: string[]): Promise<Socket[]> => {
    const { port } = server.address() as AddressInfo;
    const clients = from.map((localAddress) => connect({ host: '127.0.0.1', port, localAddress }));
    await Promise.all(clients.map((client) => once(client, 'connect')));
    const raws = await until(() => {
      const found = clients.map(({ localPort }) => byPort.get(localPort ?? 0));
      return found.every((raw) => raw !== undefined) ? found : undefined;
    });
    for (const client of clients) client.on('error', () => undefined);
    for (const raw of raws) handshakes.enter(raw);
    return raws;
  };
  /** Turns in which whoever may begin has begun. */
  const rest = async (): Promise<void> => {
    const before = started.length;
    await enter('127.0.0.9');
    await until(() => (started.length > before && started.includes('127.0.0.9')) || undefined);
  };
  return { clock, started, turns, reports, handshakes, enter, rest };
}

const [A, B] = ['127.0.0.1', '127.0.0.2'];
const times = (count: number, address: string) => Array.from({ length: count }, () => address);

// Linux alone has more than one loopback address without being told.
describe.skipIf(process.platform !== 'linux')('handshakes', () => {
  it('begin one in a turn of the event loop', async () => {
    const { enter, started, turns } = await gate({});
    await enter(...times(5, A));
    await until(() => started.length === 5 || undefined);
    expect(new Set(turns).size).toBe(5);
  });

  it('of several addresses begin in turns', async () => {
    const { enter, started } = await gate({});
    await enter(A, A, A, B, B);
    await until(() => started.length === 5 || undefined);
    expect(started).toEqual([A, B, A, B, A]);
  });

  it('of one address begin at its rate, when as many as may be under way have begun at once', async () => {
    const { clock, enter, started, reports, rest } = await gate({ perAddress: 2, rate: 10 });
    const raws = await enter(A, A, A, A);
    await until(() => started.length === 2 || undefined);
    for (const raw of raws.slice(0, 2)) raw.destroy();
    await until(() => reports.length === 2 || undefined);
    const ofA = () => started.filter((address) => address === A).length;
    clock.at += 99;
    await rest();
    expect(ofA()).toBe(2);
    clock.at += 1;
    await until(() => ofA() === 3 || undefined);
    clock.at += 100;
    await until(() => ofA() === 4 || undefined);
  });

  it('without end give way to those that wait, but not before a second', async () => {
    const { clock, enter, started, reports, rest } = await gate({ perAddress: 1 });
    const [idle] = await enter(A, A);
    await until(() => started.length === 1 || undefined);
    clock.at += 999;
    await rest();
    expect(started.filter((address) => address === A)).toHaveLength(1);
    clock.at += 1;
    await until(() => started.filter((address) => address === A)[1]);
    expect(idle?.destroyed).toBe(true);
    expect(reports).toMatchObject([
      {
        code: 'HANDSHAKE_FAILED',
        detail: 'it took too long for the handshake while others waited',
      },
    ]);
  });

  it('of one address wait in a room that is not the whole house, and what is above is closed and reported', async () => {
    const { enter, started, reports } = await gate({ perAddress: 1 });
    const raws = await enter(...times(300, A));
    expect(reports).toHaveLength(44);
    expect(new Set(reports.map(({ code }) => code))).toEqual(new Set(['TOO_MANY_CONNECTIONS']));
    await enter(B);
    await until(() => started.includes(B) || undefined);
    await until(() => raws.filter(({ destroyed }) => destroyed).length === 44 || undefined);
    expect(reports).toHaveLength(44);
  });

  it('leave a place to an address that has none, however many wait', async () => {
    const { enter, started, reports } = await gate({ perAddress: 1 });
    for (let n = 1; n <= 8; n++) await enter(...times(200, `127.0.1.${n}`));
    expect(reports.length).toBeGreaterThan(300);
    const before = reports.length;
    await enter(B);
    await until(() => started.includes(B) || undefined);
    expect(reports).toHaveLength(before);
  });

  it('are reported once if they end before their turn', async () => {
    const { enter, started, reports, rest } = await gate({ perAddress: 1 });
    const [, waits] = await enter(A, A);
    await until(() => started.length === 1 || undefined);
    waits?.destroy();
    await until(() => reports[0]);
    await rest();
    expect(reports).toMatchObject([{ code: 'HANDSHAKE_FAILED' }]);
  });
});
