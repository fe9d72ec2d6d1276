import type { IncomingMessage, ServerResponse } from 'node:http';
import { world, type World } from '../../support/harness.ts';
import { outsiderPolicy, startOutsider, trustWeb, type Outsider } from '../../support/outsider.ts';
import { throwawayCa } from '../../support/pki.ts';
import { OK, scriptedAgent, type ScriptedAgent } from '../../support/scripted-agent.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Keys are not asked for more often, whoever comes with whatever key name; milliseconds. */
export const PACE = 30_000;

const JSON_TYPE = { 'content-type': 'application/json' };
export const json =
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

export const HOSTILE: readonly (readonly [string, Handler])[] = [
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

export interface Scene {
  readonly w: World;
  readonly agent: ScriptedAgent;
  readonly outsider: Outsider;
}

export async function scene(keys?: Handler): Promise<Scene> {
  const ca = throwawayCa({ trustDomain: 'acme.test' });
  const outsider = await startOutsider(ca, 'ES256');
  outsider.misbehave(keys);
  trustWeb(outsider.web);
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const w = await world({ ca, policy: outsiderPolicy(outsider), upstream: agent.upstream });
  return { w, agent, outsider };
}
