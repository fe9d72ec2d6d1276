import fc from 'fast-check';
import { inChunks, type Wish } from './requests.ts';

/** Mostly what is proper, so that a good part is let through. */
const segment = fc.oneof(
  { arbitrary: fc.constantFrom('items', 'files', 'private', 'secret', 'parts', '1'), weight: 6 },
  {
    arbitrary: fc
      .array(
        fc.constantFrom(
          ...Array.from("abz019-._~!$&'()*+,=:@"),
          '%20',
          '%25',
          '%C3%A9',
          '%E4%B8%AD',
        ),
        {
          minLength: 1,
          maxLength: 6,
        },
      )
      .map((parts) => parts.join('')),
    weight: 6,
  },
  {
    arbitrary: fc.constantFrom(
      ...['..', '.', '', '%2e', '%2F', '%5C', ';x', '%3B', '%00', '%C0%AE', '%EF%BC%8E', '\\'],
      ...['Items', 'SECRET', 'secret%20', '%61', '%252e', '%25zz', '#', '%', '%u002f', '\u00e9'],
    ),
    weight: 1,
  },
);
const start = fc.constantFrom('/items/', '/items/', '/files/', '/files/', '/items/1/parts/', '/');
const path = fc
  .tuple(start, fc.array(segment, { minLength: 1, maxLength: 3 }))
  .map(([first, segments]) => first + segments.join('/'));
const query = fc
  .array(
    fc.constantFrom(...Array.from('a=&?/;:'), '%00', '%2e', '%C3%A9', '..', '//', '\\', '"', '#'),
    {
      maxLength: 6,
    },
  )
  .map((parts) => (parts.length === 0 ? '' : `?${parts.join('')}`));
const field = fc.constantFrom(
  ...['accept: */*', 'X-Odd: \u00e9', 'x_y: z', 'x-empty:', 'cookie: a=b', 'cookie: c=d', 'x.y: z'],
  ...['x-sidegate-agent: root', 'X_Forwarded_For: ::1', 'x-original-url: /items/secret'],
  ...[
    'te: trailers',
    'keep-alive: 1',
    'range: bytes=0-1',
    'if-none-match: *',
    'expect: 100-continue',
  ],
  ...[
    'authorization: Bearer x',
    'host_: evil',
    'content_length: 3',
    'max-forwards: 0',
    'via: 1.1 x',
  ],
);
const body = fc.string({
  unit: fc.constantFrom('a', '\r', '\n', '\0', '\xff', '0', ' '),
  maxLength: 40,
});
const framing = fc.oneof(
  fc.constant((text: string): Wish => ({
    ...{ body: text, fields: [`content-length: ${text.length}`] },
  })),
  fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom('', ';x', ';x="y"'))
    .map(([size, extension]) => (text: string): Wish => ({
      ...{ body: text, fields: ['transfer-encoding: chunked'] },
      framed: inChunks(text, size, extension),
    })),
);
const shaped = fc.oneof(
  fc.constantFrom<Wish>({ method: 'GET' }, { method: 'HEAD' }, { method: 'POST' }),
  fc
    .tuple(fc.constantFrom('POST', 'POST', 'PUT', 'DELETE'), framing, body)
    .map(([method, frame, text]): Wish => ({ method, ...frame(text) })),
);

/** Requests that nobody thought of; the same ones every time. */
export function generated(count: number): readonly Wish[] {
  const wish = fc
    .tuple(path, query, fc.array(field, { maxLength: 3 }), shaped)
    .map(([where, asked, fields, rest]): Wish => ({
      ...{ ...rest, target: where + asked },
      fields: [...fields, ...(rest.fields ?? [])],
    }));
  return fc.sample(wish, { numRuns: count, seed: 20_261_120 });
}
