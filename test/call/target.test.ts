import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTarget } from '../../src/call/index.ts';

function accepted(target: string) {
  const result = canonicalTarget(target);
  return 'fault' in result ? undefined : result;
}

describe('a target that can be read in one way only is taken as it is', () => {
  it.each([
    ['/', '/'],
    ['/invoices', '/invoices'],
    ['/invoices/', '/invoices/'],
    ['/invoices/INV-1001', '/invoices/INV-1001'],
    ['/a.b/c~d/e_f', '/a.b/c~d/e_f'],
    ["/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="],
    ['/caf%C3%A9', '/café'],
    ['/caf%c3%a9', '/café'],
    ['/two%20words', '/two words'],
    ['/user%40example.org', '/user@example.org'],
    ['/tasks/7%3Acancel', '/tasks/7:cancel'],
    ['/50%25', '/50%'],
    ['/.well-known/agent-card.json', '/.well-known/agent-card.json'],
    ['/..hidden', '/..hidden'],
  ])('%s means %s', (target, meaning) => {
    const result = accepted(target);
    expect(result?.path).toBe(target);
    expect(result?.meaning).toBe(meaning);
    expect(result?.query).toBe('');
  });

  it('keeps the query apart and byte for byte', () => {
    expect(accepted('/a?b=%2e%2e/..//;&c')).toEqual({
      path: '/a',
      meaning: '/a',
      query: '?b=%2e%2e/..//;&c',
    });
  });
});

describe('a target that two servers could read as two paths is refused', () => {
  it.each([
    ['no leading slash', 'invoices'],
    ['nothing', ''],
    ['absolute form', 'http://evil.example/invoices'],
    ['authority form', 'evil.example:443'],
    ['asterisk form', '*'],
    ['network-path', '//evil.example/x'],
    ['an empty segment', '/a//b'],
    ['a dot segment', '/a/./b'],
    ['a climbing segment', '/a/../admin'],
    ['a climbing segment at the end', '/a/..'],
    ['an escaped dot', '/a/%2e%2e/admin'],
    ['one escaped dot', '/a/.%2E/admin'],
    ['an escaped slash', '/invoices/..%2fadmin'],
    ['an escaped slash in upper case', '/a%2Fb'],
    ['a backslash', '/a/..\\admin'],
    ['an escaped backslash', '/a/..%5cadmin'],
    ['NUL', '/a%00'],
    ['an escaped line break', '/a%0d%0ax'],
    ['an escaped tab', '/a%09'],
    ['DEL', '/a%7f'],
    ['a path parameter', '/a;x=/../admin'],
    ['an escaped semicolon', '/a%3b/admin'],
    ['a fragment', '/a#b'],
    ['a fragment in the query', '/a?b#c'],
    ['a stray percent', '/a%'],
    ['half an escape', '/a%2'],
    ['no hex', '/a%zz'],
    ['an escaped letter', '/%61dmin'],
    ['an escaped digit', '/v%31'],
    ['an escaped tilde', '/%7Eroot'],
    ['escaped twice', '/a/%252e%252e/admin'],
    ['escaped twice, slash', '/a%252fb'],
    ['an overlong dot', '/%c0%ae%c0%ae/admin'],
    ['broken UTF-8', '/%ff'],
    ['a surrogate', '/%ed%a0%80'],
    ['raw beyond ASCII', '/café'],
    ['a blank', '/a b'],
    ['a quote', '/a"b'],
    ['a brace', '/{id}'],
    ['a pipe', '/a|b'],
    ['a trailing dot', '/admin./x'],
    ['a trailing blank', '/admin%20/x'],
    ['a full-width slash', '/a%EF%BC%8Fb'],
    ['a full-width dot', '/%EF%BC%8E%EF%BC%8E/admin'],
    ['a one-dot leader', '/%E2%80%A4%E2%80%A4/x'],
    ['a C1 control', '/a%C2%85'],
    ['a raw control in the query', '/a?b=\u0001'],
    ['8 KiB and more', `/${'a'.repeat(8192)}`],
  ])('%s', (_, target) => {
    expect(canonicalTarget(target)).toHaveProperty('fault');
  });
});

const anyTarget = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '%2e',
        '%2F',
        'a',
        'B',
        '%',
        '%25',
        ';',
        '\\',
        '?',
        '#',
        '%C3%A9',
        ':',
        '//',
        ' ',
      ),
      { maxLength: 12 },
    )
    .map((parts) => `/${parts.join('')}`),
);

describe('for any target at all', () => {
  it('what is accepted is not changed, and is accepted again', () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        const result = accepted(target);
        if (result === undefined) return;
        expect(result.path + result.query).toBe(target);
        expect(accepted(result.path + result.query)).toEqual(result);
      }),
      { numRuns: 5000 },
    );
  });

  it('decoding never makes or hides a segment', () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        const result = accepted(target);
        if (result === undefined) return;
        expect(result.meaning.split('/').length).toBe(result.path.split('/').length);
        expect(result.meaning.split('/')).not.toContain('..');
        expect(result.meaning.split('/')).not.toContain('.');
      }),
      { numRuns: 5000 },
    );
  });

  it('two that are accepted and mean the same differ in percent-encoding at most', () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        const result = accepted(target);
        if (result === undefined) return;
        expect(decodeURIComponent(result.path)).toBe(result.meaning);
      }),
    );
  });
});
