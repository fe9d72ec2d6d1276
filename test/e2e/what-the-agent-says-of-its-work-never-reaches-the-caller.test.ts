import { expect, it } from 'vitest';
import { world } from '../support/harness.ts';
import { OK, SWITCHED, listenTo, scriptedAgent } from '../support/scripted-agent.ts';
import { taskWorld } from '../support/tasks.ts';
import { idOf } from '../support/tokens.ts';

const SPELLINGS = [
  'x-sidegate-task',
  'X-Sidegate-Task',
  'X_SIDEGATE_TASK',
  'x-sidegate_task',
  'x.sidegate.task',
];
const said = /sidegate.task|run-7/i;

it.each(SPELLINGS)('as %s, from an agent without a way out', async (name) => {
  const answer = OK.replace('\r\n\r\n', `\r\n${name}: run-7\r\nx-kept: yes\r\n\r\n`);
  const { upstream } = await scriptedAgent((socket) => void socket.write(answer));
  const w = await world({ upstream, policy: POLICY });
  const { status, headers, text } = await w.call({ as: 'planner', path: '/plain' });
  expect({ status, text, kept: headers['x-kept'] }).toEqual({
    status: 200,
    text: 'ok',
    kept: 'yes',
  });
  expect(JSON.stringify(headers)).not.toMatch(said);
});

const before = 'HTTP/1.1 103 Early Hints\r\nx-sidegate-task: run-7\r\n\r\n';
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sidegate-task\r\n\r\n';
const places: readonly [string, string][] = [
  ['in an answer before the answer', before + OK],
  ['in a trailer', `${chunked}2\r\nok\r\n0\r\nx-sidegate-task: run-7\r\n\r\n`],
  [
    'as a field of the connection',
    OK.replace('\r\n\r\n', '\r\nconnection: x-sidegate-task\r\nx-sidegate-task: run-7\r\n\r\n'),
  ],
  [
    'of a refusal of its own',
    `HTTP/1.1 403 No\r\nx-sidegate-task: run-7\r\ncontent-length: 0\r\n\r\n`,
  ],
];

it.each(places)('%s', async (_, answer) => {
  const agent = await scriptedAgent((socket) => void socket.write(answer));
  const w = await taskWorld({ real: false, upstream: agent.upstream });
  const { authorization } = await w.bearer('planner', { aud: idOf('invoices') });
  for (const field of ['', `authorization: ${authorization}\r\n`]) {
    const socket = await w.raw(w.as('planner'));
    const heard = listenTo(socket);
    socket.write(`GET /work HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${field}\r\n`);
    await expect.poll(() => heard.closed).toBe(true);
    expect(heard.statuses()).toHaveLength(1);
    expect(heard.text).not.toMatch(said);
  }
});

it('with a change of protocol, which starts a task like any answer, or is refused like any', async () => {
  const switched = SWITCHED.replace('\r\n\r\n', '\r\nX-Sidegate-Task: run-7\r\n\r\n');
  const agent = await scriptedAgent((socket) => void socket.write(switched));
  const w = await taskWorld({ real: false, upstream: agent.upstream });
  const { authorization } = await w.bearer('planner', { aud: idOf('invoices') });
  const upgrade = async (): Promise<string> => {
    const socket = await w.raw(w.as('planner'));
    const heard = listenTo(socket);
    const fields = `connection: upgrade\r\nupgrade: websocket\r\nauthorization: ${authorization}\r\n`;
    socket.write(`GET /socket HTTP/1.1\r\nhost: x\r\n${fields}\r\n`);
    await expect.poll(() => heard.text).toContain('\r\n\r\n');
    return heard.text;
  };
  const text = await upgrade();
  expect(text).toMatch(/^HTTP\/1\.1 101 /);
  expect(text).not.toMatch(said);
  expect(await w.metrics()).toContain('sidegate_tasks 1');
  w.sts.answer((_, response) => void response.writeHead(403).end());
  const refused = await upgrade();
  expect(refused).toMatch(/^HTTP\/1\.1 502 /);
  expect(refused).toContain('TASK_REFUSED');
  await expect.poll(() => agent.open()).toBe(1);
});

const POLICY = `version: 1
trustDomain: acme.test
agents:
  planner: []
routes:
  GET /plain: []
`;
