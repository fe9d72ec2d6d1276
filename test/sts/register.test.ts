import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { VerifiedPeer } from '../../src/call/index.ts';
import type { Asker } from '../../src/sts/delegation.ts';
import { TokenQuestion } from '../../src/sts/question.ts';
import { registerTask } from '../../src/sts/register.ts';
import type { SubjectToken } from '../../src/sts/subject.ts';
import { TaskGrants } from '../../src/sts/task-grants.ts';

const ISSUER = 'https://sts.test';
const [OURS, PEER, ALICE] = [
  'spiffe://a.test/ours',
  'spiffe://a.test/peer',
  'spiffe://a.test/alice',
];

test.each([
  ['not granted to a client that has left before its token was read', true, 0],
  ['granted to one that waits', false, 1],
])('a task is %s', async (_, leaves, grants) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-register-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const tasks = new TaskGrants({ file: join(folder, 'tasks.json'), now: Date.now });
  const { promise: keysThere, resolve: haveKeys } = Promise.withResolvers<undefined>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>();
  const subject: SubjectToken = {
    ...{ issuerName: undefined, narrows: false, mayAct: undefined, tokenId: 'jti', actors: [] },
    ...{
      subject: { issuer: ISSUER, subject: ALICE },
      presenter: { issuer: ISSUER, subject: ALICE },
    },
    ...{ audiences: [OURS], scopes: new Set(['a']), expiresAt: Date.now() + 60_000 },
  };
  const known = (spiffeId: string) => ({
    ...{ name: spiffeId, spiffeId, disabled: false, audiences: [PEER], covers: () => true },
  });
  const registry = { withId: known, whoIs: () => undefined };
  const asker = { client: known(OURS), registry, issuer: ISSUER } as unknown as Asker;
  const done = Promise.withResolvers<unknown>();
  const server = createServer((request) => {
    const question = new TokenQuestion(Date.now(), {} as VerifiedPeer);
    const readSubject = async () => {
      ask(undefined);
      await keysThere;
      return subject;
    };
    const parts = { readSubject, tasks, longest: 60_000, now: Date.now() };
    registerTask(request, asker, question, parts).then(done.resolve, done.resolve);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const body = new URLSearchParams({ task: 't', subject_token: 'x', scope: 'a', audience: PEER });
  const text = body.toString();
  const type = 'content-type: application/x-www-form-urlencoded';
  socket.write(
    `POST / HTTP/1.1\r\nhost: x\r\n${type}\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );
  await asked;
  const [open] = await new Promise<number[]>((resolve) =>
    server.getConnections((__, count) => resolve([count])),
  );
  expect(open).toBe(1);
  if (leaves) {
    socket.destroy();
    await expect
      .poll(() => new Promise((resolve) => server.getConnections((__, count) => resolve(count))))
      .toBe(0);
  }
  haveKeys(undefined);
  await done.promise;
  expect(tasks.list).toHaveLength(grants);
});
