import { describe, expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';

const H = 'host: localhost\r\n';
const ROWS: [string, string, number][] = [
  ['two Host lines', `GET /invoices HTTP/1.1\r\n${H}${H}\r\n`, 400],
  ['no Host', 'GET /invoices HTTP/1.1\r\n\r\n', 400],
  ['absolute form', `GET http://evil/invoices HTTP/1.1\r\n${H}\r\n`, 400],
  ['asterisk form', `OPTIONS * HTTP/1.1\r\n${H}\r\n`, 400],
  ['CONNECT', `CONNECT evil:443 HTTP/1.1\r\n${H}\r\n`, 400],
  ['HTTP/1.0', `GET /invoices HTTP/1.0\r\n${H}\r\n`, 400],
  [
    'length and chunked',
    `POST /invoices HTTP/1.1\r\n${H}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'two lengths',
    `POST /invoices HTTP/1.1\r\n${H}content-length: 3\r\ncontent-length: 3\r\n\r\nabc`,
    400,
  ],
  ['a bare line feed', `GET /invoices HTTP/1.1\nhost: x\n\n`, 400],
  ['a folded field', `GET /invoices HTTP/1.1\r\n${H}x: a\r\n b\r\n\r\n`, 400],
  ['a blank before the colon', `GET /invoices HTTP/1.1\r\nhost : x\r\n\r\n`, 400],
  ['a body on GET', `GET /invoices HTTP/1.1\r\n${H}content-length: 1\r\n\r\nx`, 400],
  [
    'two Authorization lines',
    `GET /invoices HTTP/1.1\r\n${H}authorization: a\r\nauthorization: b\r\n\r\n`,
    400,
  ],
  [
    'a field named __proto__ and a trick',
    `GET /a/../invoices HTTP/1.1\r\n${H}__proto__: x\r\n\r\n`,
    400,
  ],
  ['too many fields', `GET /invoices HTTP/1.1\r\n${H}${'x: y\r\n'.repeat(5000)}\r\n`, 431],
  ['a long field', `GET /invoices HTTP/1.1\r\n${H}x: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ['no HTTP at all', '\u0016\u0003\u0001nonsense\r\n\r\n', 400],
  [
    'an h2c upgrade',
    `GET /invoices HTTP/1.1\r\n${H}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n`,
    403,
  ],
];

describe('a malformed head never reaches the agent', () => {
  it.each(ROWS)('%s', async (_, bytes, status) => {
    const w = await world();
    const socket = await w.raw();
    let said = '';
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
    socket.write(bytes, 'latin1');
    await until(() => (said.includes('\r\n\r\n') ? true : undefined));
    expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(said).toContain('application/problem+json');
    const lines = await w.ended(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.code).not.toBe('OK');
    // What was handed on has this.
    expect(lines[0]).not.toHaveProperty('overheadMs');
  });
});
