// A process of its own, because what counts is the memory of a whole process: fork with --expose-gc.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Reloadable } from '../../../src/lib/index.ts';
import { SpiffeId } from '../../../src/spiffe/index.ts';
import { createDialer, createTlsServer, loadIdentity, loadTrust } from '../../../src/tls/index.ts';

/** What the parent asks for, and gets exactly one answer to. */
export type Order =
  | { readonly do: 'listen' }
  | {
      readonly do: 'dial';
      readonly port: number;
      readonly id: string;
      readonly times: number;
    }
  | { readonly do: 'measure' };

const [folder = '', domain = ''] = process.argv.slice(2);
const now = Date.now;
const file = (name: string) => join(folder, name);
const identity = loadIdentity({ cert: file('own.crt'), key: file('own.key') }, now());
const trust = loadTrust({ [domain]: { roots: file('ca.crt') } }, now());
const ended = { OK: 0, refused: 0 };

/** A port. */
async function listen(): Promise<number> {
  const server = createTlsServer({
    identity: new Reloadable(identity),
    trust: new Reloadable(trust),
    now,
    ...{ handshakesPerAddress: 256, handshakeRate: 10_000 },
    events: {
      onPeer: (socket) => {
        ended.OK += 1;
        socket.resume().end('OK');
      },
      onRefused: (socket) => {
        ended.refused += 1;
        socket.resume().end('refused');
      },
      onHandshakeFailed: () => undefined,
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function dial(order: Extract<Order, { do: 'dial' }>): Promise<void> {
  const dialer = createDialer({ trust: () => trust, now });
  const target = { host: '127.0.0.1', port: order.port, identity };
  for (let left = order.times; left > 0; left--)
    await new Promise<void>((resolve) => {
      dialer({ ...target, spiffeId: SpiffeId.parse(order.id) }, (dialled) => {
        if (!('socket' in dialled)) return resolve();
        ended.OK += 1;
        dialled.socket.once('close', () => resolve()).destroy();
      });
    });
}

/** Resident bytes outside the heap, once what is not needed is collected. */
async function measure(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await sleep(20);
  }
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}

async function carryOut(order: Order): Promise<unknown> {
  if (order.do === 'listen') return listen();
  if (order.do === 'dial') await dial(order);
  return { resident: await measure(), ...ended };
}

process.on('message', (order: Order) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});
