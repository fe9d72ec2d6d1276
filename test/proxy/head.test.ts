import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/call/index.ts';
import { readHead, type RawHead } from '../../src/proxy/head.ts';

const PSEUDONYM = 'sidegate-1234abcd';
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const sampleNone = () => false;

function head(fields: readonly string[], change: Partial<RawHead> = {}): RawHead {
  return {
    method: 'GET',
    target: '/invoices',
    httpVersion: '1.1',
    fields: ['Host', 'localhost:8443', ...fields],
    ...change,
  };
}

function read(fields: readonly string[], change: Partial<RawHead> = {}) {
  return readHead(head(fields, change), PSEUDONYM, sampleNone);
}

function refusal(run: () => unknown): Refusal | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe('a head that can be read in two ways is refused', () => {
  it.each<[string, RawHead]>([
    ['HTTP/1.0', head([], { httpVersion: '1.0' })],
    ['no Host', { ...head([]), fields: [] }],
    ['two Host lines', head(['host', 'evil.example'])],
    ['a Host list', { ...head([]), fields: ['Host', 'x@evil, y'] }],
    ['a Host with a path', { ...head([]), fields: ['Host', 'a/b'] }],
    ['an empty Host', { ...head([]), fields: ['Host', ''] }],
    ['two Authorization lines', head(['Authorization', 'Bearer a', 'authorization', 'Bearer b'])],
    ['two Content-Types', head(['Content-Type', 'a/b', 'Content-Type', 'c/d'])],
    ['two lengths', head(['Content-Length', '1', 'Content-Length', '1'], { method: 'POST' })],
    [
      'length and chunked',
      head(['Content-Length', '1', 'Transfer-Encoding', 'chunked'], { method: 'POST' }),
    ],
    ['another coding', head(['Transfer-Encoding', 'gzip, chunked'], { method: 'POST' })],
    ['a length that is none', head(['Content-Length', '+1'], { method: 'POST' })],
    ['a GET with a body', head(['Content-Length', '5'])],
    ['a HEAD with a body', head(['Transfer-Encoding', 'chunked'], { method: 'HEAD' })],
    ['Connection naming Authorization', head(['Connection', 'close, authorization'])],
    ['Connection naming our own field', head(['Connection', 'x-sidegate-agent'])],
    ['Connection naming Host', head(['Connection', 'Host'])],
    ['an unknown expectation', head(['Expect', '200-maybe'], { method: 'POST' })],
    ['a request that was here before', head(['Via', `1.1 other, 1.1 ${PSEUDONYM}`])],
    ['a path trick', head([], { target: '/invoices/..%2fadmin' })],
  ])('%s', (_, raw) => {
    expect(refusal(() => readHead(raw, PSEUDONYM, sampleNone))?.code).toBe('MALFORMED_REQUEST');
  });
});

describe('what the caller may say goes through', () => {
  it('end-to-end fields keep their order, their values and their number', () => {
    const request = read(['Accept', 'a', 'X-Thing', '1', 'Cookie', 'c=1', 'x-thing', '2']);
    expect(request.headers).toEqual([
      ['accept', 'a'],
      ['x-thing', '1'],
      ['cookie', 'c=1'],
      ['x-thing', '2'],
    ]);
  });

  it('its own request id is kept for the record if it is plain', () => {
    expect(read(['X-Request-Id', 'abc-1']).callerRequestId).toBe('abc-1');
    expect(read(['X-Request-Id', 'a b']).callerRequestId).toBeUndefined();
    expect(read(['X-Request-Id', 'x'.repeat(129)]).callerRequestId).toBeUndefined();
  });

  it('its trace is continued; a state in several lines is one list', () => {
    const fields = ['traceparent', PARENT, 'tracestate', 'a=1', 'tracestate', 'b=2'];
    expect(read(fields).trace).toMatchObject({ parentId: 'b7ad6b7169203331', state: 'a=1,b=2' });
  });

  it('two traceparents are none, whatever they say: a new trace is begun', () => {
    const { trace } = read(['traceparent', PARENT, 'Traceparent', PARENT, 'tracestate', 'a=1']);
    expect(trace).toMatchObject({ parentId: undefined, state: undefined });
    expect(PARENT).not.toContain(trace.traceId);
  });
});

const IDENTITY_NAMES = [
  'x-sidegate-agent',
  'x-sidegate-scopes',
  'x-sidegate-anything',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-user',
  'forwarded',
  'client-cert',
  'client-cert-chain',
  'x-spiffe-id',
  'ssl-client-s-dn',
  'x-ssl-cert',
  'x-real-ip',
  'x-agent-id',
  'x-request-id',
  'x-http-method-override',
  'x-original-url',
  'x-rewrite-url',
  'authorization',
  'via',
  'host',
  'traceparent',
  'remote-user',
  'remote-groups',
  'x-remote-group',
  'x-webauth-user',
  'x-ms-client-principal',
  'x-script-name',
  'x-accel-mapping',
  'proxy',
  'txn-token',
];

/** The same name in any case and with any separator that some server folds into a dash. */
const spelled = fc.constantFrom(...IDENTITY_NAMES).chain((name) =>
  fc
    .array(fc.tuple(fc.boolean(), fc.constantFrom('-', '_', '.', '~', '!')), {
      minLength: name.length,
      maxLength: name.length,
    })
    .map((choices) =>
      name.replaceAll(/./g, (char, at: number) => {
        const [upper, separator] = choices[at] ?? [false, '-'];
        if (char === '-') return separator;
        return upper ? char.toUpperCase() : char;
      }),
    ),
);

describe('a field that may stand there once may stand there in its own spelling only', () => {
  it.each(['content_type', 'Content.Encoding', 'mcp_method', 'Mcp_Session_Id'])('%s', (name) => {
    expect(() => read([name, 'x'])).toThrow(Refusal);
  });
});

describe('no field by which a server could believe who calls comes through', () => {
  it('in any spelling', () => {
    fc.assert(
      fc.property(fc.array(spelled, { maxLength: 8 }), fc.string(), (names, value) => {
        const fields = names.flatMap((name) => [name, value]);
        let request;
        try {
          request = read(fields);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
          return;
        }
        expect(request.headers).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});
