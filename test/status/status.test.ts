import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { OperatorFault, type Listen } from '../../src/lib/index.ts';
import {
  startStatus,
  statusShape,
  type RunningServer,
  type StatusOptions,
} from '../../src/status/index.ts';

const running: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const LOCAL: Listen = { kind: 'tcp', host: '127.0.0.1', port: 0 };

async function started(options: Partial<StatusOptions> = {}): Promise<number> {
  const server = await startStatus({
    listen: LOCAL,
    readiness: () => [],
    metrics: () => Promise.resolve('# metrics\n'),
    metricsContentType: 'text/plain; version=0.0.4; charset=utf-8',
    ...options,
  });
  running.push(server);
  return server.address.kind === 'tcp' ? server.address.port : 0;
}

async function ask(port: number, path: string, method = 'GET') {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  const { status, headers } = response;
  return { status, headers, body: await response.text() };
}

/** Everything that comes back for raw bytes, until the connection is over. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (more) => (answer += String(more)));
    socket.on('error', () => undefined).on('close', () => resolve(answer));
  });
}

describe('the status server', () => {
  it('says that it is alive', async () => {
    const { status, body } = await ask(await started(), '/livez');
    expect([status, body]).toEqual([200, '{"live":true}\n']);
  });

  it('is ready when nothing speaks against it', async () => {
    const { status, body, headers } = await ask(await started(), '/readyz?verbose');
    expect([status, body]).toEqual([200, '{"ready":true,"reasons":[]}\n']);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('says by their codes what keeps it from being ready', async () => {
    const readiness = () => ['CERTIFICATE_EXPIRED', 'DRAINING'];
    const { status, body } = await ask(await started({ readiness }), '/readyz');
    expect(status).toBe(503);
    expect(body).toBe('{"ready":false,"reasons":["CERTIFICATE_EXPIRED","DRAINING"]}\n');
  });

  it('is not ready if that cannot be found out', async () => {
    const readiness = () => {
      throw new Error('names and paths');
    };
    const { status, body } = await ask(await started({ readiness }), '/readyz');
    expect([status, body]).toEqual([503, '{"ready":false,"reasons":["INTERNAL"]}\n']);
  });

  it('serves the metrics with their content type', async () => {
    const { body, headers } = await ask(await started(), '/metrics');
    expect(body).toBe('# metrics\n');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('answers 500 without a reason if the metrics fail', async () => {
    const metrics = () => Promise.reject(new Error('a secret path'));
    const { status, body } = await ask(await started({ metrics }), '/metrics');
    expect(status).toBe(500);
    expect(body).not.toContain('secret');
  });

  it('answers HEAD without a body', async () => {
    const { status, body, headers } = await ask(await started(), '/livez', 'HEAD');
    expect([status, body, headers.get('content-length')]).toEqual([200, '', '14']);
  });

  it.each(['/', '/livez/', '/LIVEZ', '//livez', '/metrics/x', '/%6civez', '/why', '/__proto__'])(
    'knows no %s',
    async (path) => expect((await ask(await started(), path)).status).toBe(404),
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('takes no %s', async (method) => {
    const { status, headers } = await ask(await started(), '/metrics', method);
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each([
    ['large', `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(10_000)}\r\n\r\n`, / 431 /],
    ['malformed', 'HELLO\r\n\r\n', / 400 /],
    ['absolute', 'GET http://x/livez HTTP/1.1\r\nhost: x\r\n\r\n', / 404 /],
  ])('answers a %s request and lives on', async (_, text, expected) => {
    const port = await started();
    expect(await raw(port, text)).toMatch(expected);
    expect((await ask(port, '/livez')).status).toBe(200);
  });

  it('does not wait for a body', async () => {
    const port = await started();
    const head = 'POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n';
    expect(await raw(port, head)).toMatch(/ 405 /);
  });

  it('cuts whoever does not finish a request', { timeout: 15_000 }, async () => {
    const port = await started();
    const before = Date.now();
    expect(await raw(port, 'GET /livez HTTP/1.1\r\nhost:')).toMatch(/ 408 /);
    expect(Date.now() - before).toBeLessThan(10_000);
  });

  it('says who is in the way and what to do when the port is taken', async () => {
    const port = await started();
    const fault = await startStatus({
      listen: { ...LOCAL, port },
      readiness: () => [],
      metrics: () => Promise.resolve(''),
      metricsContentType: '',
    }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(OperatorFault);
    expect((fault as OperatorFault).render()).toBe(
      `the status server cannot listen on 127.0.0.1:${port}: something else listens there already, perhaps another sidegate\n` +
        "  Stop it, or choose another address for 'status.listen'.",
    );
  });

  it('is gone after close', async () => {
    const port = await started();
    await running.pop()?.close();
    await expect(ask(port, '/livez')).rejects.toThrow();
  });
});

describe('the section `status` of sidegate.yaml', () => {
  it('has one address and nothing else', () => {
    expect(statusShape.parse({ listen: '127.0.0.1:0' })).toEqual({ listen: LOCAL });
    expect(statusShape.safeParse({}).success).toBe(false);
    expect(statusShape.safeParse({ listen: '127.0.0.1:0', path: '/m' }).success).toBe(false);
  });
});
