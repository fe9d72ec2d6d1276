import fc from 'fast-check';
import {
  type Flaws,
  from,
  path,
  draft,
  withLine,
  withLines,
  withTarget,
  withInPath,
  withHost,
  escapeOf,
  range,
} from './draft.ts';

/** A line of a field that may stand there once. */
const single = fc
  .tuple(
    from(
      'content-type: a/b',
      'authorization: Bearer x',
      'x-request-id: a',
      'content-encoding: gzip',
      'mcp-session-id: 1',
      'mcp-method: m',
    ),
    fc.boolean(),
  )
  .map(([line, big]) => (big ? line.replace(/^[^:]+/, (text) => text.toUpperCase()) : line));

/** Controls, letters, digits, and what ends, cuts or climbs a path. */
const UNESCAPABLE = [
  ...[range(0, 0x1f), range(0x30, 0x39), range(0x41, 0x5a), range(0x61, 0x7a)].flat(),
  ...Buffer.from('-./;\\_~\u007f'),
];

/** What the parser can read, and Sidegate refuses: the connection goes on behind it. */
export const READ_AND_REFUSED: Flaws = {
  'an empty segment': { head: withInPath(from('//', '///')), detail: /empty segment/ },
  'a dot segment': {
    head: fc.oneof(
      withInPath(from('/./', '/../', '/.../', '/a./')),
      withTarget(fc.tuple(path, from('/.', '/..', '.')).map((parts) => parts.join(''))),
    ),
    detail: /ends in a dot|empty segment/,
  },
  'an escape of what must stand as it is': {
    head: withInPath(escapeOf(UNESCAPABLE)),
    detail: /must not be escaped/,
  },
  'an escape of an escape': {
    head: withInPath(escapeOf(UNESCAPABLE).map((one) => one.replace('%', '%25'))),
    detail: /escaped twice/,
  },
  'a broken escape': {
    head: withInPath(from('%!', '%z', '%4.', '%4z', '%%!', '%u0041')),
    detail: /may not stand/,
  },
  'a character that cuts': {
    head: withInPath(
      from(';', ';a=b', '\\', '|', '^', '`', '{', '}', '[', ']', '"', '<', '>', '#', '#a'),
    ),
    detail: /may not stand/,
  },
  'bytes that are no text': {
    head: withInPath(from('%ff', '%c3%28', '%c0%ae', '%ed%a0%80', '%f5%80%80%80', '%80')),
    detail: /UTF-8/,
  },
  'a look-alike': {
    head: withInPath(
      from('%EF%BC%8F', '%EF%BC%8E', '%E2%84%80', '%EF%BC%85', '%EF%BC%9B', '%E2%80%A5'),
    ),
    detail: /look-alike/,
  },
  'a hidden control': {
    head: withInPath(from('%C2%80', '%C2%85', '%C2%9F')),
    detail: /control/,
  },
  'another form of target': {
    head: withTarget(from('http://x/invoices', 'https://evil', 'HTTP://x/', 'ws://x/socket', '*')),
    detail: /origin form/,
  },
  'a target without end': {
    head: withTarget(
      fc.integer({ min: 8192, max: 9000 }).map((length) => `/${'a'.repeat(length)}`),
    ),
    detail: /more than 8192/,
  },
  'a query with a fragment': {
    head: withTarget(path.map((to) => `${to}?a#b`)),
    detail: /query/,
  },
  'no Host': {
    head: draft.map((head) => ({
      ...head,
      fields: head.fields.filter((line) => !/^host/i.test(line)),
    })),
    detail: /Host/,
  },
  'an odd Host': {
    head: withHost(
      from(
        'host:',
        'host: a, b',
        'host: a b',
        'host: u@x',
        'host: x/y',
        'host: x:y',
        'host: x:123456',
        'host: [::1',
        'host: x?y',
        'host: \u00e9',
        'host: http://x',
      ),
    ),
    detail: /Host/,
  },
  'two of what there is one': {
    head: withLines(single.map((line) => [line, line.toLowerCase()])),
    detail: /twice/,
  },
  'two Hosts': { head: withLine(from('host: x', 'HOST: y')), detail: /twice/ },
  'another spelling of what there is one': {
    head: withLine(
      from('content_type: a/b', 'Content.Encoding: gzip', 'mcp_method: x', 'MCP_Session_ID: 1'),
    ),
    detail: /misspelled/,
  },
  'a Connection that names a field': {
    head: withLine(
      from(
        'connection: x-sidegate-agent',
        'Connection: keep-alive, Authorization',
        'connection: host',
        'connection: "close"',
      ),
    ),
    detail: /Connection/,
  },
  'an unknown expectation': {
    head: withLine(from('expect: 200-ok', 'Expect: 100-stop', 'expect: more')),
    detail: /Expect/,
  },
  'too many fields': {
    head: withLines(
      fc
        .integer({ min: 200, max: 260 })
        .map((count) => Array.from({ length: count }, (_, n) => `x${n}:`)),
    ),
    detail: /more than 200/,
    code: 'HEADERS_TOO_LARGE',
  },
};
