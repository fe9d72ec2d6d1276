import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { connect, createSecureContext, createServer, type SecureContext } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { selfSigned, throwawayCa, type Credential } from '../support/pki.ts';
import type { Order } from './memory/child.ts';
import { scratch } from './rig.ts';

/** Connections between two collections, and how often. */
const AT_ONCE = 30;
const WARM = 2;
const ROUNDS = 5;
const AT_A_TIME = 5;
/** Bytes of the CA that is sent. `getPeerX509Certificate` keeps it three times. */
const SENT = 60_000;

const ca = throwawayCa({ trustDomain: 'a.test' });
const ALLOWED = (ROUNDS * AT_ONCE * SENT) / 2;
/** Nobody needs it, and it is large. */
const large = ca.intermediate({
  subject: [{ type: 'CN', value: 'large' }],
  altNames: Array.from({ length: SENT / 40 }, (_, n) => ({
    type: 'dns' as const,
    value: `${String(n).padStart(32, 'n')}.a.test`,
  })),
});

function withLarge(credential: Credential): Credential {
  return { ...credential, chainPem: credential.certPem + large.certPem };
}

interface Measured {
  readonly resident: number;
  readonly OK: number;
  readonly refused: number;
}

type Ask = (order: Order) => Promise<unknown>;

function child(): Ask {
  const write = scratch();
  const own = ca.issue({ id: 'spiffe://a.test/agent/server' });
  const folder = dirname(write('own.crt', own.chainPem));
  write('own.key', own.keyPem);
  write('ca.crt', ca.certPem);
  const script = join(import.meta.dirname, 'memory/child.ts');
  const forked: ChildProcess = fork(script, [folder, 'a.test'], {
    execArgv: ['--expose-gc', '--max-semi-space-size=1'],
  });
  onTestFinished(() => void forked.kill('SIGKILL'));
  return async (order) => {
    forked.send(order);
    const [answer] = (await once(forked, 'message')) as [unknown];
    return answer;
  };
}

/** Resolves when the server has had its say. */
async function visit(port: number, secureContext: SecureContext): Promise<void> {
  const client = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, secureContext });
  client.on('error', () => undefined).resume();
  await once(client, 'close');
}

async function visits(port: number, shown: SecureContext): Promise<void> {
  let left = AT_ONCE;
  const visitor = async () => {
    while (left-- > 0) await visit(port, shown);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, visitor));
}

/** By how many bytes a round makes the child grow, once it is warm; and what became of all connections. */
async function growth(order: Ask, round: () => Promise<unknown>) {
  const rounds = async (count: number): Promise<Measured> => {
    for (let left = count; left > 1; left--) {
      await round();
      await order({ do: 'measure' });
    }
    await round();
    return (await order({ do: 'measure' })) as Measured;
  };
  const before = await rounds(WARM);
  const after = await rounds(ROUNDS);
  return { ...after, grown: after.resident - before.resident };
}

it.each([
  ['a peer', 'OK', withLarge(ca.issue({ id: 'spiffe://a.test/agent/billing' }))],
  ['somebody whom nobody vouches for', 'refused', withLarge(selfSigned())],
] as const)(
  'what %s sends behind its certificate is forgotten with the connection',
  async (_, outcome, { chainPem: cert, keyPem: key }) => {
    const shown = createSecureContext({ cert, key });
    const order = child();
    const port = (await order({ do: 'listen' })) as number;
    const after = await growth(order, () => visits(port, shown));
    expect(after[outcome]).toBe((WARM + ROUNDS) * AT_ONCE);
    expect(after.grown).toBeLessThan(ALLOWED);
  },
);

it('what a server sends behind its certificate is forgotten with the connection', async () => {
  const id = 'spiffe://a.test/agent/ledger';
  const { chainPem, keyPem } = withLarge(ca.issue({ id }));
  const server = createServer({ cert: chainPem, key: keyPem }, (socket) =>
    socket.on('error', () => undefined).resume(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const order = child();
  const { port } = server.address() as AddressInfo;
  const after = await growth(order, () => order({ do: 'dial', port, id, times: AT_ONCE }));
  expect(after.OK).toBe((WARM + ROUNDS) * AT_ONCE);
  expect(after.grown).toBeLessThan(ALLOWED);
});
