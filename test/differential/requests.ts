/** What every request carries, so that what was sent is known wherever it is read. */
export interface Wish {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  /** Lines, as they are. */
  readonly fields?: readonly string[];
  /** What is meant to be read as the body. */
  readonly body?: string;
  /** The bytes behind the head; `body` as it is, unless given. */
  readonly framed?: string;
}

export const POLICY = `version: 1
trustDomain: acme.test
agents:
  billing: [items:read]
routes:
  GET,POST,PUT,PATCH,DELETE,OPTIONS /items/{id}: [items:read]
  GET,POST /items: [items:read]
  GET,POST /items/{id}/parts/**: [items:read]
  GET,POST /items/secret: [secrets:read]
  GET,POST /files/**: [items:read]
  GET,POST /files/private/**: [secrets:read]
  GET,POST /caf%C3%A9/{name}: [items:read]
  GET /socket: { scopes: [items:read], upgrade: websocket }
`;

const SMUGGLED = 'GET /files/private/x HTTP/1.1\r\nhost: evil\r\n\r\n';
const chunked = ['transfer-encoding: chunked'];

/** Chunks of these lengths, the last one whatever is left. */
export function inChunks(body: string, size: number, extension = '', trailers = ''): string {
  const parts: string[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    parts.push(`${part.length.toString(16)}${extension}\r\n${part}\r\n`);
  }
  return `${parts.join('')}0${extension}\r\n${trailers}\r\n`;
}

const PATHS = [
  ...['/items', '/items/', '/ITEMS', '/items/1', '/items/%31', '/items/a%20b', '/items/a+b'],
  ...['/items/a%2Fb', '/items/a%252Fb', '/items/%25', '/items/%2525', '/items/50%25', '/items/%'],
  ...['/items/~x', '/items/%7Ex', '/items/a:b@c', '/items/a,b', "/items/('!*')", '/items/a=b&c'],
  ...['/items/caf%C3%A9', '/caf%C3%A9/x', '/caf%c3%a9/x', '/CAF%C3%89/x', '/caf%E9/x'],
  ...['/items/%C0%AF', '/items/%EF%BC%8F', '/items/%E2%80%AE', '/items/%00', '/items/%0d%0a'],
  ...['/items/secret', '/items/Secret', '/items/secret/', '/items/secret%20', '/items/secret.'],
  ...['/items/secre%74', '/items/secret;x', '/items/secret%3Bx', '/items/secret%3F', '/items/x%23'],
  ...['/files/../items/secret', '/files/./x', '/files/%2e%2e/x', '/files/..%2fx', '/files//x'],
  ...['/files/a/b/c', '/files/private', '/files/private/x', '/files/Private/x', '/files/x\\y'],
  ...[
    '/files/x%5Cy',
    '/files/..;/private/x',
    '/files/...',
    '/files/x?y=/../private',
    '/files/x?%2e',
  ],
  ...['/files/x?', '/files/x??a', '/files/x?a=%00', '/files/x#y', '//files/x', 'files/x', '*'],
  ...[
    'http://evil/files/x',
    'evil:443',
    '/',
    '?x',
    '/files/x%ff',
    '/files/%E2%81%84etc',
    '/socket',
  ],
  `/files/${'x'.repeat(2000)}`,
];

const HOSTS = ['evil', 'evil:8443', '[::1]:80', 'a b', 'a,b', 'evil/files', 'user@evil', ''];

const BODIES: readonly Wish[] = [
  { method: 'POST', target: '/items' },
  { method: 'POST', target: '/items', fields: ['content-length: 0'] },
  { method: 'POST', target: '/items', fields: ['content-length: 5'], body: 'hello' },
  { method: 'POST', target: '/items', fields: ['content-length: 05'], body: 'hello' },
  { method: 'POST', target: '/items', fields: ['content-length: 5, 5'], body: 'hello' },
  {
    method: 'POST',
    target: '/items',
    fields: chunked,
    body: 'hello',
    framed: inChunks('hello', 2),
  },
  { method: 'POST', target: '/items', fields: chunked, body: '', framed: '0\r\n\r\n' },
  {
    method: 'POST',
    target: '/items',
    fields: chunked,
    body: 'x',
    framed: inChunks('x', 1, ';a=b'),
  },
  {
    ...{ method: 'POST', target: '/items', fields: chunked, body: 'x' },
    framed: inChunks('x', 1, '', 'x-sidegate-agent: root\r\ncontent-length: 9\r\n'),
  },
  { method: 'POST', target: '/items', fields: chunked, framed: `0\r\n\r\n${SMUGGLED}` },
  {
    ...{ method: 'POST', target: '/items', body: 'hello', framed: `0\r\n\r\n${SMUGGLED}` },
    fields: [...chunked, 'content-length: 5'],
  },
  { method: 'POST', target: '/items', fields: ['content_length: 5'], framed: SMUGGLED },
  { method: 'POST', target: '/items', fields: ['transfer_encoding: chunked'], framed: SMUGGLED },
  { method: 'POST', target: '/items', fields: ['transfer-encoding: xchunked'], framed: SMUGGLED },
  { method: 'POST', target: '/items', fields: ['content-length: 5'], body: '\0\r\n\r\xff' },
  {
    ...{ method: 'POST', target: '/items', body: SMUGGLED },
    fields: [`content-length: ${SMUGGLED.length}`],
  },
  { method: 'GET', target: '/items', fields: ['content-length: 5'], body: 'hello' },
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({
    ...{ method, target: '/items/1', body: 'hello', fields: ['content-length: 5'] },
  })),
  {
    ...{ target: '/socket', framed: SMUGGLED },
    fields: ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
  },
  { fields: ['connection: x-sidegate-agent'] },
  { fields: ['connection: close, upgrade', 'upgrade: h2c', 'http2-settings: AAA'] },
  { fields: ['x-sidegate-agent: root', 'X_Sidegate_Agent: root', 'x.sidegate.agent: root'] },
  { fields: ['x-original-url: /files/private/x', 'x-rewrite-url: /files/private/x'] },
  { fields: ['x-http-method-override: DELETE', 'forwarded: host=evil', 'x-forwarded-host: evil'] },
  { fields: ['x-odd: \u00e9\u00ff', 'x-tab: a\tb', 'x-empty:', '__proto__: x', 'x: 1', 'x: 2'] },
  { method: 'HEAD' },
  { method: 'TRACE' },
  { method: 'CONNECT', target: 'evil:443' },
  { method: 'get' },
];

/** The table: everything on which servers are known to differ. */
export const TABLE: readonly Wish[] = [
  ...PATHS.flatMap((target) => [{ target }, { method: 'POST', target }]),
  ...HOSTS.map((host) => ({ host })),
  ...BODIES,
];

/** What of a request was sent, by its own word. */
export type Sent = Required<Omit<Wish, 'framed'>>;

/** The bytes of a request; its field `x-sent` says what it was, to whoever reads it. */
export function bytesOf(wish: Wish): string {
  const { method = 'GET', target = '/items/1', host = 'sent.test', body = '' } = wish;
  const { fields = [] } = wish;
  const sent: Sent = { method, target, host, body, fields };
  const word = Buffer.from(JSON.stringify(sent)).toString('base64url');
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${host}`, `x-sent: ${word}`];
  return `${[...lines, ...fields].join('\r\n')}\r\n\r\n${wish.framed ?? body}`;
}
