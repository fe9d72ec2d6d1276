import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorFault } from '../../src/lib/index.ts';
import {
  adminCall,
  adminShape,
  startAdmin,
  type AdminHandlers,
  type RunningServer,
} from '../../src/status/index.ts';

let folder: string;
let path: string;
const running: RunningServer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidegate-admin-'));
  path = join(folder, 'run', 'sidegate.sock');
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

async function started(handlers: AdminHandlers = {}): Promise<void> {
  running.push(await startAdmin({ listen: { kind: 'unix', path }, handlers }));
}

async function faultOf(promise: Promise<unknown>): Promise<OperatorFault> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OperatorFault) return error;
  throw new Error('there was no operator fault', { cause: error });
}

describe('the admin socket', () => {
  it('answers what its table names, with the query', async () => {
    await started({
      'GET /why': (query) => ({ id: query.get('id') }),
      'POST /reload': () => Promise.resolve({ reloaded: true }),
      'POST /nothing': () => undefined,
    });
    expect(await adminCall(path, 'GET', '/why?id=k3f9')).toEqual({ id: 'k3f9' });
    expect(await adminCall(path, 'POST', '/reload')).toEqual({ reloaded: true });
    expect(await adminCall(path, 'POST', '/nothing')).toBeNull();
  });

  it('hands an operator fault of its handler to whoever asked', async () => {
    await started({
      'GET /why': () => {
        throw new OperatorFault('no call k3f9 is remembered', 'Look into the audit.');
      },
    });
    const fault = await faultOf(adminCall(path, 'GET', '/why'));
    expect([fault.message, fault.remedy]).toEqual([
      'no call k3f9 is remembered',
      'Look into the audit.',
    ]);
  });

  it('tells nothing of any other error', async () => {
    await started({ 'GET /why': () => Promise.reject(new Error('inner detail')) });
    const fault = await faultOf(adminCall(path, 'GET', '/why'));
    expect(fault.render()).not.toContain('inner detail');
  });

  it.each([
    ['GET', '/who', 'there is no /who here'],
    ['POST', '/why', '/why takes GET'],
    ['GET', '/__proto__', 'there is no /__proto__ here'],
  ])('refuses %s %s', async (method, asked, message) => {
    await started({ 'GET /why': () => 1 });
    expect((await faultOf(adminCall(path, method, asked))).message).toBe(message);
  });

  it('is for its owner alone, in a folder made for it, and gone after close', async () => {
    await started();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
    await running.pop()?.close();
    expect(existsSync(path)).toBe(false);
  });

  it('leaves the umask as it was', async () => {
    const before = process.umask(0o027);
    await started();
    expect(process.umask(before)).toBe(0o027);
  });

  it('takes the place of a socket that a dead process left behind', async () => {
    path = join(folder, 'stale.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(path).isSocket()).toBe(true);
    await started({ 'GET /why': () => 1 });
    expect(await adminCall(path, 'GET', '/why')).toBe(1);
  });

  it('does not take the place of one that somebody answers on', async () => {
    await started({ 'GET /why': () => 'the first' });
    const fault = await faultOf(started());
    expect(fault.message).toContain('something else listens there already');
    expect(fault.remedy).toContain('admin.listen');
    expect(await adminCall(path, 'GET', '/why')).toBe('the first');
  });

  it('never removes a file that is no socket', async () => {
    path = join(folder, 'precious.txt');
    writeFileSync(path, 'precious');
    await faultOf(started());
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('is never on TCP', async () => {
    const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const fault = await faultOf(startAdmin({ listen, handlers: {} }));
    expect(fault.message).toContain('127.0.0.1:0');
    expect(fault.remedy).toContain('unix:');
  });

  it('says so when its path is too long', async () => {
    path = join(folder, 'x'.repeat(120));
    expect((await faultOf(started())).remedy).toContain('shorter path');
  });
});

describe('asking it', () => {
  it('says how to start it when nobody listens there', async () => {
    const fault = await faultOf(adminCall(path, 'GET', '/why'));
    expect(fault.message).toBe(`cannot ask the running sidegate at ${path}: nobody listens there`);
    expect(fault.remedy).toBe('Start it with: sidegate run');
  });

  it('gives up on somebody who never answers', async () => {
    await started({ 'GET /why': () => new Promise(() => undefined) });
    const fault = await faultOf(adminCall(path, 'GET', '/why', { timeout: 50 }));
    expect(fault.message).toContain('it does not answer');
  });

  it('notices that it is not a sidegate that answers', async () => {
    path = join(folder, 'other.sock');
    const other = createServer((socket) =>
      socket.resume().end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>'),
    );
    await new Promise<void>((resolve) => other.listen(path, resolve));
    const fault = await faultOf(adminCall(path, 'GET', '/why'));
    expect(fault.message).toContain('does not answer like a sidegate');
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('the section `admin` of sidegate.yaml', () => {
  it('takes a Unix socket and no port', () => {
    expect(adminShape.parse({ listen: 'unix:a.sock' }).listen).toEqual({
      kind: 'unix',
      path: 'a.sock',
    });
    const refused = adminShape.safeParse({ listen: '127.0.0.1:9000' });
    expect(refused.error?.issues[0]?.message).toBe(
      'must be a Unix socket, e.g. unix:run/sidegate.sock',
    );
  });
});
