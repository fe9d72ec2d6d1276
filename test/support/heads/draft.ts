import fc from 'fast-check';
import type { FailureCode } from '../../../src/call/index.ts';

/** A proper head that is about to be broken. */
export interface Draft {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Lines, `host` among them. */
  readonly fields: readonly string[];
}

export const from = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const segment = from(
  'invoices',
  'a',
  '4711',
  'x-y.z_~',
  'a%20b',
  '(a)',
  'a:b@c',
  '%E2%82%AC',
  '*,+',
);
export const path = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => `/${segments.join('/')}`);
const target = fc
  .tuple(path, from('', '', '?a=b', '?', '?x=/../&y=%00', '?a?b'))
  .map(([before, query]) => before + query);
const benign = from(
  'accept: */*',
  'Accept-Encoding: gzip, br',
  'user-agent: x/1.0 (y; z)',
  'cookie: a=b; c="d"',
  'x-odd: \u00e9\u00ff',
  'x-empty:',
  'x-tab:\ta\tb \t',
  'x-sidegate-agent: root',
  'X_Forwarded_For: 10.0.0.1',
  '__proto__: x',
  'te: trailers',
  'connection: keep-alive',
  `x-long: ${'y'.repeat(700)}`,
);
const host = from('host: x', 'Host: x:8443', 'HOST:127.0.0.1', 'host: [::1]:1 ');
export const draft: fc.Arbitrary<Draft> = fc
  .record({
    method: from('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    target,
    host,
    others: fc.array(benign, { maxLength: 4 }),
    at: fc.nat(4),
  })
  .map(({ method, target: to, host: line, others, at }) => {
    return { method, target: to, version: 'HTTP/1.1', fields: others.toSpliced(at, 0, line) };
  });

export function written({ method, target: to, version, fields }: Draft): string {
  return `${method} ${to} ${version}\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`;
}

/** A proper head with something more in it. */
export const withLine = (line: fc.Arbitrary<string>) => withLines(line.map((one) => [one]));
export const withLines = (lines: fc.Arbitrary<readonly string[]>) =>
  fc.tuple(draft, lines, fc.nat(4)).map(([head, more, at]) => {
    return more.reduce(
      (before, line, n) => ({ ...before, fields: before.fields.toSpliced(at + n, 0, line) }),
      head,
    );
  });
export const withTarget = (odd: fc.Arbitrary<string>) =>
  fc.tuple(draft, odd).map(([head, to]) => ({ ...head, target: to }));
/** A path with something in one of its places. */
export const withInPath = (odd: fc.Arbitrary<string>) =>
  withTarget(
    fc.tuple(target, odd, fc.nat(60)).map(([to, inside, at]) => {
      const end = to.includes('?') ? to.indexOf('?') : to.length;
      // Not among escapes, of which it would become a part.
      const place = 1 + (at % end);
      const clear = /%[0-9A-F]{0,2}$/.test(to.slice(0, place)) ? 1 : place;
      return to.slice(0, clear) + inside + to.slice(clear);
    }),
  );
export const withHost = (odd: fc.Arbitrary<string>) =>
  fc.tuple(draft, odd).map(([head, line]) => {
    return { ...head, fields: head.fields.map((one) => (/^host:/i.test(one) ? line : one)) };
  });
export const escapeOf = (codes: readonly number[]) =>
  fc.tuple(from(...codes), fc.boolean()).map(([code, big]) => {
    const hex = code.toString(16).padStart(2, '0');
    return `%${big ? hex.toUpperCase() : hex}`;
  });
export const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);
const CONTROLS = range(1, 31).filter((code) => ![9, 10, 13].includes(code));
export const control = from(0, ...CONTROLS, 127).map((code) => String.fromCharCode(code));
export const name = from('x', 'X-Odd', 'a-b_c', 'accept', 'traceparent');

/** One way of being wrong. */
export interface Flaw {
  readonly head: fc.Arbitrary<Draft | string>;
  /** What the operator is told. */
  readonly detail: RegExp;
  /** If it is not `MALFORMED_REQUEST`. */
  readonly code?: FailureCode;
}

export type Flaws = Readonly<Record<string, Flaw>>;
