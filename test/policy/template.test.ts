import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget } from '../../src/call/index.ts';
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
    ['/a/..', 3, `'..' is in no path that is accepted: `],
    ['/./a', 1, `'.' is in no path that is accepted: `],
    ['/a.', 1, `'a.' is in no path that is accepted: `],
    ['/a%20', 1, `'a%20' is in no path that is accepted: `],
    ['/a;b', 1, `'a;b' is in no path that is accepted: `],
    ['/a\\b', 1, `'a\\b' is in no path that is accepted: `],
    ['/a?b', 1, `'a?b' is in no path that is accepted: `],
    ['/caf\u00e9', 1, `'caf\u00e9' is in no path that is accepted: `],
    ['/a%2fb', 1, `'a%2fb' is in no path that is accepted: `],
    ['/a%2Fb', 1, `'a%2Fb' is in no path that is accepted: `],
    ['/a%2E', 1, `'a%2E' is in no path that is accepted: `],
    ['/%61', 1, `'%61' is in no path that is accepted: `],
    ['/a%00', 1, `'a%00' is in no path that is accepted: `],
    ['/a%252E', 1, `'a%252E' is in no path that is accepted: `],
    ['/a%C0%AE', 1, `'a%C0%AE' is in no path that is accepted: `],
    ['/a%EF%BC%8Fb', 1, `'a%EF%BC%8Fb' is in no path that is accepted: `],
    [`/${'a/'.repeat(64)}a`, 0, 'a path has at most 64 segments'],
    [`/${'a'.repeat(1024)}`, 0, 'a path has at most 1024 characters'],
  ])('%s is refused', (text, offset, message) => {
    expect(parseTemplate(text)).toMatchObject({
      offset,
      message: expect.stringContaining(message) as string,
    });
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
