import { expect, it, onTestFinished } from 'vitest';
import { OK, scriptedAgent } from '../support/scripted-agent.ts';
import { until } from '../support/harness.ts';
import {
  confirmation,
  idOf,
  ISSUER,
  AUDIENCE,
  tokenPolicy,
  tokenWorld,
} from '../support/tokens.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';

const STS = 'spiffe://acme.test/sts';
const ROUTE = '  GET /: { scopes: [], token: required, onBehalfOf: required }';

/** A sidecar that gets its issuer's keys over mTLS, from a server that must show a SPIFFE ID. */
async function keysFromServer(shows = STS) {
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const policy = tokenPolicy(ROUTE);
  const w = await tokenWorld({ policy, upstream: agent.upstream });
  const issuer = await startIssuer({ ca: w.ca, id: shows, issuer: ISSUER, audience: AUDIENCE });
  onTestFinished(() => issuer.close());
  const keys = `{ url: '${issuer.keysUrl}', id: ${STS} }`;
  w.write('policy.yaml', policy.replace(/\{ file: [^}]*\}/, keys));
  expect(w.sidecar.reload().every(({ ok }) => ok)).toBe(true);
  const bearer = async (from: TestIssuer) => {
    const bound = { client_id: idOf('planner'), cnf: confirmation(w.as('planner')) };
    return { authorization: `Bearer ${await from.sign(bound)}` };
  };
  const call = async () => w.call({ as: 'planner', path: '/', headers: await bearer(issuer) });
  return { w, agent, issuer, bearer, call };
}

it('keys are fetched from the server that has the right ID, and tokens are believed by them', async () => {
  const { call } = await keysFromServer();
  expect((await call()).status).toBe(200);
});

it('a server that shows another ID is not asked: nobody is let in by its keys', async () => {
  const { agent, issuer, call } = await keysFromServer(idOf('billing'));
  const answer = await call();
  expect(answer.status).toBe(503);
  expect(answer.json().code).toBe('ISSUER_UNAVAILABLE');
  expect(answer.headers['retry-after']).toBeDefined();
  expect(issuer.asked).toBe(0);
  expect(agent.heads).toEqual([]);
});

it('a caller that leaves while keys are awaited is recorded, and its call never reaches the agent', async () => {
  const { w, agent, issuer, bearer } = await keysFromServer();
  let answer: (() => void) | undefined;
  const open = new Promise<void>((asked) =>
    issuer.misbehave((_, response) => {
      answer = () => void response.writeHead(500).end();
      asked();
    }),
  );
  const socket = await w.raw(w.as('planner'));
  const { authorization } = await bearer(issuer);
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
  await open;
  socket.destroy();
  const [line] = await w.ended(1);
  expect(line).toMatchObject({ code: 'CALLER_LEFT', decision: 'deny', status: 0 });
  issuer.publish(issuer.key);
  answer?.();
  await until(async () => ((await w.ended(1)).length === 1 ? true : undefined));
  expect(agent.heads).toEqual([]);
});
