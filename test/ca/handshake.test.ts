import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { mint, revoke } from '../../src/ca/index.ts';
import { newCa } from './sandbox.ts';

type File = (name: string) => string;

function identity(file: File, name: string) {
  return {
    cert: readFileSync(file(`${name}.crt`)),
    key: readFileSync(file(`${name}.key`)),
    ca: readFileSync(file('ca.crt')),
    crl: readFileSync(file('ca.crl')),
    minVersion: 'TLSv1.3',
  } as const;
}

/** Connects one agent to another and says what the server makes of the client. */
async function handshake(file: File, client: string, server: string): Promise<string> {
  const listening: Server = createServer({
    ...identity(file, server),
    requestCert: true,
    rejectUnauthorized: false,
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void listening.close());
  const { port } = listening.address() as AddressInfo;
  const accepted = once(listening, 'secureConnection') as Promise<[TLSSocket]>;
  const socket = connect({ ...identity(file, client), host: 'localhost', port });
  await once(socket, 'secureConnect');
  const [peer] = await accepted;
  const names = peer.getPeerX509Certificate()?.subjectAltName ?? 'nobody';
  const verdict = peer.authorized ? names : String(peer.authorizationError);
  socket.destroy();
  peer.destroy();
  return verdict;
}

test("Node's TLS takes minted pairs on both sides of a mutual handshake, until one is revoked", async () => {
  const { ca, file } = newCa();
  mint(ca, { name: 'billing', dns: ['localhost'] });
  mint(ca, { name: 'planner', subject: 'empty' });
  expect(await handshake(file, 'planner', 'billing')).toBe('URI:spiffe://acme.test/agent/planner');
  revoke(ca, { target: 'planner' });
  expect(await handshake(file, 'planner', 'billing')).toMatch('CERT_REVOKED');
});
