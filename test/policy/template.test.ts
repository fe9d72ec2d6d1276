import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget } from '../../src/proxy/index.ts';
import { parseTemplate } from '../../src/policy/template.ts';
import { routed, routesOnly } from './sample.ts';

describe('a template', () => {
  it.each([
    ['invoices', 0, 'a path begins with a slash'],
    ['/a/', 3, 'a path has no slash at its end'],
    ['/a//b', 3, 'a path has no empty segment'],
    ['/**/a', 1, `'**' stands only at the end`],
    ['/a*', 1, `'*' stands for nothing within a path`],
    ['/a/*', 3, `'*' stands for nothing within a path`],
    ['/a{b}', 1, `'a{b}' is no segment: a name in braces stands for a whole one`],
    ['/{}', 1, `'{}' is no segment: a name in braces stands for a whole one`],
    ['/{a}/{a}', 5, `the name 'a' is there twice`],
    ['/a/..', 3, `'..' ends in a dot or blank, as no accepted path does`],
    ['/./a', 1, `'.' ends in a dot or blank, as no accepted path does`],
    ['/a.', 1, `'a.' ends in a dot or blank, as no accepted path does`],
    ['/a%20', 1, `'a%20' ends in a dot or blank, as no accepted path does`],
    ['/a;b', 1, `'a;b' has a character that no accepted path has`],
    ['/a\\b', 1, `'a\\b' has a character that no accepted path has`],
    ['/a?b', 1, `'a?b' has a character that no accepted path has`],
    ['/caf\u00e9', 1, `'caf\u00e9' has a character that no accepted path has`],
    ['/a%2fb', 1, `'a%2fb' has a character that no accepted path has`],
    ['/a%2Fb', 1, `'a%2Fb' encodes what no accepted path encodes`],
    ['/a%2E', 1, `'a%2E' encodes what no accepted path encodes`],
    ['/%61', 1, `'%61' encodes what no accepted path encodes`],
    ['/a%00', 1, `'a%00' encodes what no accepted path encodes`],
    ['/a%252E', 1, `'a%252E' encodes what no accepted path encodes`],
    ['/a%C0%AE', 1, `'a%C0%AE' is no plain UTF-8 when decoded`],
    ['/a%EF%BC%8Fb', 1, `'a%EF%BC%8Fb' is no plain UTF-8 when decoded`],
    [`/${'a/'.repeat(64)}a`, 0, 'a path has at most 64 segments'],
    [`/${'a'.repeat(1024)}`, 0, 'a path has at most 1024 characters'],
  ])('%s is refused', (text, offset, message) => {
    expect(parseTemplate(text)).toMatchObject({ offset, message });
  });

  it('matches an encoded character by what it means', () => {
    const policy = routesOnly('GET /caf%C3%A9');
    expect(routed(policy, 'GET /caf\u00e9')).toBe('GET /caf%C3%A9');
  });

  it('that loads is spelled as the front door lets a path in, and one that does not load is not', () => {
    const part = fc.oneof(
      fc.constantFrom('a', '.', '%', '%2', '%2F', '%C3%A9', '%EF%BC%8E', '%41', '%25', ';', '~'),
      fc.string({ minLength: 1, maxLength: 3, unit: 'binary-ascii' }),
      fc.string({ maxLength: 3 }).map(encodeURIComponent),
    );
    const literal = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(literal, (text) => {
        fc.pre(text !== '' && !/[{}*/]|%[0-9A-F]?[a-f]/.test(text));
        const template = parseTemplate(`/${text}`);
        const target = text.includes('?') ? { fault: 'a query' } : canonicalTarget(`/${text}`);
        expect('message' in template).toBe('fault' in target);
        if ('message' in template || 'fault' in target) return;
        expect(template.segments).toEqual([{ kind: 'literal', text: target.meaning.slice(1) }]);
      }),
      { numRuns: 3000 },
    );
  });
});
