import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import {
  callWith,
  outsiderPolicy,
  startOutsider,
  trustWeb,
  type Outsider,
} from '../support/outsider.ts';
import { passing } from '../support/passing.ts';
import { throwawayCa } from '../support/pki.ts';
import { OK, scriptedAgent, type ScriptedAgent } from '../support/scripted-agent.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Keys are not asked for more often, whoever comes with whatever key name; milliseconds. */
const PACE = 30_000;

const JSON_TYPE = { 'content-type': 'application/json' };
const json =
  (text: string): Handler =>
  (_, response) =>
    void response.writeHead(200, JSON_TYPE).end(text);

const endless: Handler = (_, response) => {
  response.writeHead(200, JSON_TYPE).write('{"keys":[');
  const more = setInterval(() => response.write(' '.repeat(16_384)), 1);
  response.on('close', () => clearInterval(more));
};

/** A byte now and then, so that it never seems dead. */
const dripping: Handler = (_, response) => {
  response.writeHead(200, JSON_TYPE);
  const more = setInterval(() => response.write(' '), 100);
  response.on('close', () => clearInterval(more));
};

const HOSTILE: readonly (readonly [string, Handler])[] = [
  ['silent', () => undefined],
  ['slow', dripping],
  ['endless', endless],
  ['huge', json(JSON.stringify({ keys: [], filler: 'x'.repeat(1 << 20) }))],
  ['garbled', json('{"keys":[')],
  ['a list', json('[]')],
  ['a page', (_, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('{"keys":[]}')],
  ['elsewhere', (_, r) => void r.writeHead(302, { location: 'http://localhost/jwks' }).end()],
  ['broken off', (_, r) => void r.destroy()],
  ['broken', (_, r) => void r.writeHead(500).end()],
];

interface Scene {
  readonly w: World;
  readonly agent: ScriptedAgent;
  readonly outsider: Outsider;
}

async function scene(keys?: Handler): Promise<Scene> {
  const ca = throwawayCa({ trustDomain: 'acme.test' });
  const outsider = await startOutsider(ca, 'ES256');
  outsider.misbehave(keys);
  trustWeb(outsider.web);
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const w = await world({ ca, policy: outsiderPolicy(outsider), upstream: agent.upstream });
  return { w, agent, outsider };
}

/** Refused, and the agent knows nothing of it; who comes without such a token is served all the while. */
async function refused({ w, agent, outsider }: Scene): Promise<void> {
  const token = await outsider.onBehalf(w.as('planner'));
  const refusal = callWith(w, '/for-alice', token);
  for (const as of ['billing', 'planner'])
    expect((await w.call({ as, path: '/' })).status).toBe(200);
  const answer = await refusal;
  expect(answer.status).toBe(503);
  expect(answer.json().code).toBe('ISSUER_UNAVAILABLE');
  expect(answer.headers['retry-after']).toBeDefined();
  expect(agent.heads.filter((head) => !head.startsWith('GET / '))).toEqual([]);
}

it.each(HOSTILE)('a key set that is %s', async (_, keys) => {
  const pass = passing();
  const s = await scene(keys);
  await refused(s);
  s.outsider.misbehave(undefined);
  pass(PACE);
  const token = await s.outsider.onBehalf(s.w.as('planner'));
  await until(async () => (await callWith(s.w, '/for-alice', token)).status === 200 || undefined);
});

it('a server that is gone', async () => {
  const s = await scene(json('{'));
  const token = await s.outsider.own(s.w.as('planner'));
  s.outsider.stop();
  const answer = await callWith(s.w, '/own', token);
  expect(answer.json().code).toBe('ISSUER_UNAVAILABLE');
  expect((await s.w.call({ as: 'billing', path: '/' })).status).toBe(200);
  expect(s.agent.heads).toHaveLength(1);
});

it.each(HOSTILE)(
  'one that turned %s: known keys serve on, and no other is believed',
  async (_, keys) => {
    const pass = passing();
    const { w, agent, outsider } = await scene();
    const good = await outsider.onBehalf(w.as('planner'));
    expect((await callWith(w, '/for-alice', good)).status).toBe(200);
    outsider.rotate();
    outsider.misbehave(keys);
    const unknown = await outsider.onBehalf(w.as('planner'));
    pass(PACE);
    const answer = callWith(w, '/for-alice', unknown);
    expect((await callWith(w, '/for-alice', good)).status).toBe(200);
    expect((await answer).json().code).toBe('TOKEN_UNTRUSTED');
    expect(agent.heads).toHaveLength(2);
  },
);
