import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { adminCall } from '../../src/status/index.ts';
import { until } from '../support/harness.ts';
import {
  PEERS,
  outOptions,
  outboundWorld,
  type OutOptions,
  type OutboundWorld,
} from '../support/outbound.ts';

/** A stream from a peer that has begun and does not end; resolves with how it ended. */
async function stream(w: OutboundWorld, options: OutOptions) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(outOptions(w, options), resolve).on('error', reject);
    onTestFinished(() => void outgoing.destroy());
    outgoing.end();
  });
  const ended = new Promise<string>((resolve) => {
    answer.on('error', () => resolve('broken')).on('end', () => resolve('complete'));
  });
  await new Promise((resolve) => answer.once('data', resolve));
  return { answer, ended };
}

async function streaming(options: Parameters<typeof outboundWorld>[0] = {}) {
  const w = await outboundWorld(options);
  for (const server of [w.billing, w.ledger])
    server.answer((_, response) => void response.write('begun'));
  return w;
}

it('when its entry leaves the policy, and no other call does', async () => {
  const w = await streaming();
  const handle = await w.handle('planner', {});
  const gone = await stream(w, { peer: 'billing', handle });
  const stays = await stream(w, { peer: 'open' });
  w.write('policy.yaml', w.policyWith(PEERS.split('\n').slice(1).join('\n')));
  w.sidecar.reload();
  expect(await gone.ended).toBe('broken');
  expect((await w.sent(1))[0]).toMatchObject({ code: 'PEER_UNKNOWN', how: 'cut', peer: 'billing' });
  expect(stays.answer.destroyed).toBe(false);
});

it('when it leads elsewhere', async () => {
  const w = await streaming();
  const { ended } = await stream(w, { peer: 'open' });
  w.write(
    'policy.yaml',
    w.policyWith(PEERS.replace("id: 'spiffe://acme.test/agent/ledger' }", '}')),
  );
  w.sidecar.reload();
  expect(await ended).toBe('broken');
});

it('when the call because of which it is made has ended', async () => {
  const w = await streaming({ flags: { 'outbound.grace': '0s' } });
  const headers = await w.bearer('planner');
  const inbound = w.open({ as: 'planner', path: '/slow', headers }).catch(() => undefined);
  const handle = String(await until(() => w.called[0]?.['x-sidegate-context']));
  const { ended } = await stream(w, { peer: 'billing', handle });
  w.sidecar.stopNow();
  await inbound;
  expect(await ended).toBe('broken');
});

it('when the operator kills who has called', async () => {
  const w = await streaming();
  const handle = await w.handle('planner', {});
  const { ended } = await stream(w, { peer: 'billing', handle });
  await adminCall(join(w.folder, 'sidegate.sock'), 'POST', '/kill?agent=planner&by=test');
  expect(await ended).toBe('broken');
  expect((await w.sent(1))[0]).toMatchObject({ code: 'CONTEXT_REFUSED', how: 'cut' });
  const refused = await w.out({ peer: 'open', handle });
  expect(refused.json()).toMatchObject({ code: 'CONTEXT_REFUSED' });
});

it("when the subject's token ends", async () => {
  let now = Date.now();
  const w = await streaming({ now: () => now });
  const handle = await w.handle('planner', { exp: Math.floor(now / 1000) + 60 });
  const { ended } = await stream(w, { peer: 'billing', handle });
  now += 61_000;
  expect(await ended).toBe('broken');
  expect((await w.sent(1))[0]).toMatchObject({ code: 'TOKEN_EXPIRED', how: 'cut' });
});

it('when the peer is revoked', async () => {
  const w = await streaming({ crl: true });
  const shown = w.issue({ id: 'spiffe://acme.test/agent/ledger' });
  w.ledger.show(shown);
  const { ended } = await stream(w, { peer: 'open' });
  w.write('certs/ca.crl', w.ca.crl({ revoked: [shown.serial], number: 2 }).pem);
  w.sidecar.reload();
  expect(await ended).toBe('broken');
  expect((await w.sent(1))[0]).toMatchObject({ code: 'PEER_UNTRUSTED', how: 'cut' });
});

it('when our own certificate ends', async () => {
  let now = Date.now();
  const w = await streaming({ now: () => now });
  const { ended } = await stream(w, { peer: 'open' });
  now += 3_700_000;
  expect(await ended).toBe('broken');
  expect((await w.out({ peer: 'open' })).status).toBe(503);
  w.sidecar.stopNow();
});

it('when the agent leaves, the peer hears of it at once', async () => {
  const w = await outboundWorld();
  let left = false;
  w.ledger.answer((_, response) => {
    response.write('begun');
    response.on('close', () => (left = true));
  });
  const { answer } = await stream(w, { peer: 'open' });
  answer.destroy();
  await until(() => (left ? true : undefined));
  expect((await w.sent(1))[0]).toMatchObject({ code: 'CALLER_LEFT', how: 'callerLeft' });
});

it('a drain lets calls to peers come to their end, and then the door is gone', async () => {
  const w = await outboundWorld();
  let finish = (): void => undefined;
  w.ledger.answer((_, response) => {
    response.write('begun');
    finish = () => void response.end('whole');
  });
  const { answer, ended } = await stream(w, { peer: 'open' });
  const drained = w.sidecar.drain();
  answer.resume();
  finish();
  expect(await ended).toBe('complete');
  await drained;
  await expect(w.out({ peer: 'open' })).rejects.toThrow('ENOENT');
});

it('an answer that holds the token is cut, in its head and in its body', async () => {
  const w = await outboundWorld();
  w.ledger.answer(({ headers }, response) => {
    response.writeHead(200, { 'x-echo': String(headers.authorization) }).end();
  });
  const refused = await w.out({ peer: 'ledger' });
  expect(refused.json()).toMatchObject({ code: 'CREDENTIAL_ECHOED' });
  w.ledger.answer(({ headers }, response) => void response.end(JSON.stringify(headers)));
  await expect(w.out({ peer: 'ledger' })).rejects.toThrow();
  const lines = await w.sent(2);
  expect(lines.map(({ code }) => code)).toEqual(['CREDENTIAL_ECHOED', 'CREDENTIAL_ECHOED']);
});

it('no more calls go out at a time than outbound.calls says', async () => {
  const w = await streaming({ flags: { 'outbound.calls': '2' } });
  await stream(w, { peer: 'open' });
  await stream(w, { peer: 'open' });
  const refused = await w.out({ peer: 'open' });
  expect(refused.json()).toMatchObject({ code: 'TOO_MANY_CALLS' });
  expect(await w.metrics()).toContain('sidegate_outbound_calls 2');
});
