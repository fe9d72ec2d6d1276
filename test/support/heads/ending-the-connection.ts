import fc from 'fast-check';
import {
  type Flaws,
  from,
  draft,
  withLine,
  withLines,
  withInPath,
  control,
  name,
  written,
} from './draft.ts';

/** What the parser says of what it cannot read. */
const PARSER = /^Parse Error/;

/** What the parser cannot read, and what leaves open where the next head would begin: nothing can follow it. */
export const ENDING_THE_CONNECTION: Flaws = {
  'a further expectation': {
    head: withLine(from('Expect: 100-continue, x', 'expect: y,100-continue')),
    detail: /Expect/,
  },
  'another version': {
    head: fc
      .tuple(
        draft,
        from(
          'HTTP/1.0',
          'HTTP/0.9',
          'HTTP/2.0',
          'HTTP/1.2',
          'HTTP/1.10',
          'HTTP/11',
          'http/1.1',
          'HTTP 1.1',
          'HTTPS/1.1',
          'ICE/1.0',
          'RTSP/1.0',
          '',
        ),
      )
      .map(([head, version]) => ({ ...head, version })),
    detail: /^Parse Error|is not taken/,
  },
  'a body on GET': {
    head: fc
      .tuple(withLine(from('content-length: 1', 'transfer-encoding: chunked')), from('GET', 'HEAD'))
      .map(([head, method]) => ({ ...head, method })),
    detail: /with a body/,
  },
  'a tunnel': {
    head: fc
      .tuple(draft, from('evil:443', '[::1]:1'))
      .map(([head, to]) => ({ ...head, method: 'CONNECT', target: to })),
    detail: /CONNECT/,
  },
  'a body that is framed twice': {
    head: withLines(
      fc.shuffledSubarray(
        [
          'content-length: 3',
          'Content-Length: 3',
          'content-length: 4',
          'transfer-encoding: chunked',
          'Transfer-Encoding: chunked',
        ],
        { minLength: 2 },
      ),
    ),
    detail: PARSER,
  },
  'an odd length': {
    head: withLine(
      from(
        '+5',
        '-5',
        '2, 2',
        '0x2',
        '',
        '5 5',
        '99999999999999999999',
        '1e3',
        '\u00b2',
        '5.0',
      ).map((value) => `content-length: ${value}`),
    ),
    detail: PARSER,
  },
  'an odd coding': {
    head: withLine(
      from(
        'gzip',
        'gzip, chunked',
        'chunked, identity',
        'xchunked',
        '\u000bchunked',
        'chunked;q=1',
        'chunked, chunked',
        '',
      ).map((value) => `transfer-encoding: ${value}`),
    ),
    detail: /^Parse Error|transfer coding/,
  },
  'a method that nobody knows': {
    head: fc
      .tuple(
        draft,
        from('get', 'Get', 'FOO', 'GETT', 'G', 'GE T', 'P\u00d6ST', '', ' GET', '\tGET', 'GET\0'),
      )
      .map(([head, method]) => ({ ...head, method })),
    detail: PARSER,
  },
  'a blank or control in the target': {
    head: withInPath(fc.oneof(control, from(' x', '\t', '\u00e9', '\u00ff', ' /admin'))),
    detail: PARSER,
  },
  'a name that is none': {
    head: withLine(
      fc
        .tuple(
          name,
          fc.oneof(
            control,
            from(' ', '\t', '(', ')', '@', '/', '[', '\u00e9', '"', ',', ';', '{', '\\'),
          ),
          fc.nat(8),
        )
        .map(([text, odd, at]) => `${text.slice(0, at)}${odd}${text.slice(at)}: x`),
    ),
    detail: PARSER,
  },
  'a line without a name': {
    head: withLine(from(': x', ':', 'x', 'host x')),
    detail: PARSER,
  },
  'a control in a value': {
    head: withLine(fc.tuple(name, control).map(([text, odd]) => `${text}: a${odd}b`)),
    detail: PARSER,
  },
  'a folded line': {
    head: withLine(from(' folded', '\tfolded: x', ' host: evil')),
    detail: PARSER,
  },
  'another end of line': {
    head: fc
      .tuple(draft, from('\n', '\r', '\r\r\n', '\n\r', '\0\r\n'), fc.nat(6))
      .map(([head, end, at]) => {
        const lines = written(head).split('\r\n');
        const place = at % (lines.length - 2);
        return `${lines.slice(0, place + 1).join('\r\n')}${end}${lines.slice(place + 1).join('\r\n')}`;
      }),
    detail: PARSER,
  },
  'more than there is room for': {
    head: withLine(
      fc
        .tuple(name, fc.integer({ min: 16_384, max: 20_000 }))
        .map(([text, length]) => `${text}: ${'y'.repeat(length)}`),
    ),
    detail: PARSER,
    code: 'HEADERS_TOO_LARGE',
  },
  'no HTTP at all': {
    head: from(
      '\u0016\u0003\u0001\u0002\0\u0001',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'SSH-2.0-x\r\n',
      '{"jsonrpc":"2.0"}\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\n',
      '\0\0\0\u0012',
    ),
    detail: PARSER,
  },
};
