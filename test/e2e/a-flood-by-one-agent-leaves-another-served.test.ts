import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { OK, listenTo, scriptedAgent } from '../support/scripted-agent.ts';

const [FLOODER, QUIET] = ['127.0.0.2', '127.0.0.3'];
const WHOAMI = 'GET /whoami HTTP/1.1\r\nhost: x\r\n\r\n';
const NOWHERE = 'GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n';

function kept<S extends Socket>(socket: S): S {
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

function knock(w: World): Socket {
  return kept(tcpConnect({ host: '127.0.0.1', port: w.port, localAddress: FLOODER }));
}

function visit(w: World, words: string): TLSSocket {
  const { chainPem: cert, keyPem: key } = w.as('billing');
  const identity = { ca: w.ca.certPem, cert, key, ALPNProtocols: ['http/1.1'] };
  const where = { host: '127.0.0.1', port: w.port, localAddress: FLOODER };
  const socket = kept(tlsConnect({ ...where, ...identity }, () => socket.write(words)));
  socket.resume();
  return socket;
}

/** The status of a call of the quiet agent over a connection of its own. */
async function quietCall(w: World): Promise<number> {
  const agent = new Agent({ localAddress: QUIET, keepAlive: false });
  return (await w.call({ as: 'planner', path: '/whoami', agent })).status;
}

const refused = (lines: readonly Record<string, unknown>[]) =>
  lines.filter(({ event }) => event === 'refused-connection');

// Linux alone has more than one loopback address without being told.
describe.skipIf(process.platform !== 'linux')(
  'an agent that is quiet gets in and is served',
  () => {
    it('while another opens more connections than can wait, and each of those has its line', async () => {
      const flags = { 'limits.handshakes-per-address': '8', 'limits.handshake-rate': '50' };
      const w = await world({ flags });
      const knocking = Array.from({ length: 400 }, () => knock(w));
      const closed = knocking.map((socket) => once(socket, 'close'));
      await Promise.all(knocking.map((socket) => once(socket, 'connect')));
      for (let n = 0; n < 5; n++) expect(await quietCall(w)).toBe(200);
      for (const socket of knocking) socket.destroy();
      await Promise.all(closed);
      const lines = await until(async () => {
        const so = refused(await w.audit());
        return so.length >= 400 ? so : undefined;
      });
      expect(lines).toHaveLength(400);
      const of = (code: string) => lines.filter((line) => line.code === code).length;
      expect(of('TOO_MANY_CONNECTIONS')).toBeGreaterThan(0);
      expect(of('TOO_MANY_CONNECTIONS') + of('HANDSHAKE_FAILED')).toBe(400);
      const metrics = await w.metrics();
      for (const code of ['TOO_MANY_CONNECTIONS', 'HANDSHAKE_FAILED'])
        expect(metrics).toContain(`sidegate_handshakes_total{result="${code}"} ${of(code)}\n`);
      expect(lines.every(({ address }) => String(address).startsWith(`${FLOODER}:`))).toBe(true);
    });

    it('while another goes on to connect above its limit, call without a route and send what is no HTTP', async () => {
      const w = await world({ flags: { 'limits.connections-per-agent': '4' } });
      let flooding = true;
      const words = [WHOAMI, NOWHERE.repeat(8), 'GET / HTTP/1.1\r\nno field\r\n\r\n'];
      const floods = Array.from({ length: 24 }, async (_, n) => {
        while (flooding) await once(visit(w, words[n % 3] ?? ''), 'close').catch(() => undefined);
      });
      await until(async () => refused(await w.audit())[20]);
      for (let n = 0; n < 20; n++) expect(await quietCall(w)).toBe(200);
      flooding = false;
      w.sidecar.stopNow();
      await w.sidecar.drain();
      await Promise.all(floods);
    });

    it('behind the address of another that begins handshakes and finishes none', async () => {
      const w = await world({ flags: { 'limits.handshakes-per-address': '4' } });
      const knocking = Array.from({ length: 8 }, () => knock(w));
      await Promise.all(knocking.map((socket) => once(socket, 'connect')));
      const agent = new Agent({ localAddress: FLOODER, keepAlive: false });
      expect((await w.call({ as: 'planner', path: '/whoami', agent })).status).toBe(200);
    });
  },
);

describe('an answer that refuses waits its time', () => {
  const flags = { 'limits.refusal-rate': '1' };

  it('and what comes behind it on its connection is answered after it, in order', async () => {
    const w = await world({ flags });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(NOWHERE + NOWHERE + WHOAMI);
    await until(() => heard.statuses()[2]);
    expect(heard.statuses()).toEqual([403, 403, 200]);
    expect(await w.ended(3)).toHaveLength(3);
  });

  it('but what ends the connection ends it at once: nothing behind is taken for a call', async () => {
    const agent = await scriptedAgent((socket) => void socket.write(OK));
    const w = await world({ upstream: agent.upstream, flags });
    const socket = await w.raw();
    const heard = listenTo(socket);
    socket.write(NOWHERE);
    await until(() => heard.statuses()[0]);
    socket.write('POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    socket.write(`0\r\n\r\n${WHOAMI}`);
    await until(() => heard.closed || undefined);
    expect(heard.statuses()).toEqual([403, 403]);
    expect(await w.ended(2)).toHaveLength(2);
    expect(agent.sockets).toEqual([]);
  });

  it('is recorded once if its caller leaves meanwhile, and does not hold up a drain', async () => {
    const w = await world({ flags });
    const [leaving, staying] = [await w.raw(), await w.raw()];
    const heard = listenTo(staying);
    leaving.write(NOWHERE + NOWHERE);
    staying.write(NOWHERE);
    await w.ended(1);
    leaving.destroy();
    await w.sidecar.drain();
    expect(heard.statuses()).toEqual([403]);
    const codes = (await w.audit()).filter(({ event }) => event === 'call').map(({ code }) => code);
    expect(codes).toHaveLength(3);
  });
});
