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
  ['HTTP/0.9', 'GET /invoices\r\n\r\n', 400],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a version that is none', `GET /invoices HTTP/1.2\r\n${H}\r\n`, 400],
  ['a method in small letters', `get /invoices HTTP/1.1\r\n${H}\r\n`, 400],
  ['a method that nobody knows', `FOO /invoices HTTP/1.1\r\n${H}\r\n`, 400],
  ['TRACE', `TRACE /invoices HTTP/1.1\r\n${H}\r\n`, 405],
  ['CONNECT to a path', `CONNECT /invoices HTTP/1.1\r\n${H}\r\n`, 400],
  ['a Host with a user', 'GET /invoices HTTP/1.1\r\nhost: x@evil\r\n\r\n', 400],
  ['a list of Hosts', 'GET /invoices HTTP/1.1\r\nhost: a, b\r\n\r\n', 400],
  ['two slashes', `GET //evil/invoices HTTP/1.1\r\n${H}\r\n`, 400],
  ['a backslash', `GET /\\evil HTTP/1.1\r\n${H}\r\n`, 400],
  ['a fragment', `GET /invoices#x HTTP/1.1\r\n${H}\r\n`, 400],
  ['a path parameter', `GET /invoices;x=1 HTTP/1.1\r\n${H}\r\n`, 400],
  ['an escaped NUL', `GET /invoices/%00 HTTP/1.1\r\n${H}\r\n`, 400],
  ['a blank in the target', `GET /invoices /admin HTTP/1.1\r\n${H}\r\n`, 400],
  ['a tab in the target', `GET /inv\toices HTTP/1.1\r\n${H}\r\n`, 400],
  ['a target beyond ASCII', `GET /inv\u00e9 HTTP/1.1\r\n${H}\r\n`, 400],
  ['a NUL in a value', `GET /invoices HTTP/1.1\r\n${H}x: a\0b\r\n\r\n`, 400],
  ['a lone carriage return', `GET /invoices HTTP/1.1\r\n${H}x: a\rb\r\n\r\n`, 400],
  ['two carriage returns', `GET /invoices HTTP/1.1\r\n${H}x: a\r\r\n\r\n`, 400],
  ['a line feed between fields', `GET /invoices HTTP/1.1\r\n${H}x: a\ny: b\r\n\r\n`, 400],
  ['a blank before the first field', `GET /invoices HTTP/1.1\r\n x: y\r\n${H}\r\n`, 400],
  ['a field without a name', `GET /invoices HTTP/1.1\r\n${H}: x\r\n\r\n`, 400],
  ['a field without a colon', `GET /invoices HTTP/1.1\r\n${H}x\r\n\r\n`, 400],
  ['a NUL in a name', `GET /invoices HTTP/1.1\r\n${H}x\0: y\r\n\r\n`, 400],
  [
    'a Connection that names our own field',
    `GET /invoices HTTP/1.1\r\n${H}connection: x-sidegate-agent\r\n\r\n`,
    400,
  ],
  [
    'a framing field in another spelling',
    `POST /upload HTTP/1.1\r\n${H}content-length: 2\r\ncontent_type: a/b\r\n\r\nab`,
    400,
  ],
  [
    'chunked with HTTP/1.0',
    `POST /upload HTTP/1.0\r\n${H}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ...[
    ['gzip', 'transfer-encoding: gzip'],
    ['gzip before chunked', 'transfer-encoding: gzip, chunked'],
    ['chunked before another', 'transfer-encoding: chunked, identity'],
    ['chunked twice', 'transfer-encoding: chunked\r\ntransfer-encoding: chunked'],
    ['nearly chunked', 'transfer-encoding: xchunked'],
    ['chunked behind a control', 'transfer-encoding:\u000bchunked'],
    ['a length with a sign', 'content-length: +5'],
    ['a negative length', 'content-length: -5'],
    ['a list of lengths', 'content-length: 2, 2'],
    ['a length in hexadecimal', 'content-length: 0x2'],
    ['an empty length', 'content-length:'],
    ['a length beyond all lengths', 'content-length: 99999999999999999999'],
    ['an expectation that nobody knows', 'content-length: 1\r\nexpect: 200-ok'],
    [
      'an expectation that stands twice',
      'content-length: 1\r\nexpect: 100-continue\r\nexpect: 100-continue',
    ],
  ].map(([name = '', fields = '']): [string, string, number] => [
    name,
    `POST /upload HTTP/1.1\r\n${H}${fields}\r\n\r\n`,
    400,
  ]),
  [
    'two protocols to change to',
    `GET /socket HTTP/1.1\r\n${H}connection: upgrade\r\nupgrade: websocket, h2c\r\n\r\n`,
    403,
  ],
  [
    'two lines of protocols',
    `GET /socket HTTP/1.1\r\n${H}connection: upgrade\r\nupgrade: websocket\r\nupgrade: h2c\r\n\r\n`,
    403,
  ],
  [
    'a change of protocol with a body',
    `POST /upload HTTP/1.1\r\n${H}connection: upgrade\r\nupgrade: websocket\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
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
