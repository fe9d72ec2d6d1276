import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SourceFaults, readShape, readYaml } from '../../src/lib/index.ts';

function faults(text: string, shape: z.ZodType = z.unknown()): string[] {
  try {
    readShape(readYaml(text, 'f.yaml'), shape);
    return [];
  } catch (error) {
    if (!(error instanceof SourceFaults)) throw error;
    return error.faults.map(({ at, message }) =>
      'line' in at ? `${at.line}:${at.column} ${message}` : message,
    );
  }
}

describe('YAML that two readers could read differently is refused, at its place', () => {
  it.each([
    ['a key twice', 'a: 1\nb: 2\na: 3\n', '3:1 map keys must be unique'],
    ['a key twice, spelled differently', 'a: 1\n"a": 2\n', '2:1 map keys must be unique'],
    ['an anchor', 'a: &x 1\n', '1:7 anchors are not allowed'],
    ['an alias', 'a: &x 1\nb: *x\n', '2:4 aliases are not allowed'],
    ['a merge key', 'a:\n  <<: { b: 1 }\n', '2:3 merge keys are not allowed'],
    ['a tag', 'a: !mine 1\n', '1:10 tags are not allowed'],
    ['a key that is a list', '? [a]\n: 1\n', '1:3 a key must be plain text'],
    ['a second document', 'a: 1\n---\nb: 2\n', /^\d:1 a second document begins here$/],
    ['broken syntax', 'a: [1\n', /^\d:\d/],
    ['a tab for indentation', 'a:\n\tb: 1\n', /^2:/],
  ])('%s', (_, text, expected) => {
    expect(
      faults(text).some((fault) =>
        typeof expected === 'string' ? fault === expected : expected.test(fault),
      ),
    ).toBe(true);
  });
});

describe('a file that does not fit its shape', () => {
  const shape = z.strictObject({
    name: z.string(),
    size: z.number({ error: 'must be a number' }),
    mode: z.enum(['enforce', 'shadow']).optional(),
    more: z.array(z.strictObject({ x: z.number({ error: 'must be a number' }) })).optional(),
  });

  it('gets every fault at once, in the order of the lines, each at its place', () => {
    const text = 'nmae: x\nsize: big\nmode: shadw\nmore:\n  - x: 1\n  - { x: y, z: 1 }\n';
    expect(faults(text, shape)).toEqual([
      "1:1 'name' is missing",
      "1:1 unknown key 'nmae'",
      "2:7 'size' must be a number",
      expect.stringMatching(/^3:7 'mode' /),
      expect.stringMatching(/^6:\d+ /),
      expect.stringMatching(/^6:\d+ /),
    ]);
  });

  it('is told what was probably meant', () => {
    try {
      readShape(readYaml('name: a\nsize: 1\nmode: shadw\n', 'f.yaml'), shape);
      expect.unreachable();
    } catch (error) {
      expect((error as SourceFaults).render()).toBe(
        [
          'f.yaml:3:7: \'mode\' is not right: Invalid option: expected one of "enforce"|"shadow"',
          '  3 | mode: shadw',
          '    |       ^',
          "  Did you mean 'shadow'? Allowed: enforce, shadow.",
        ].join('\n'),
      );
    }
  });

  it('is a fault also when it is empty', () => {
    expect(faults('', shape)).toHaveLength(1);
    expect(faults('# nothing\n', shape)).toHaveLength(1);
  });
});

it('a key such as __proto__ is a key and nothing else', () => {
  const { value } = readYaml('__proto__: { polluted: true }\n', 'f.yaml');
  expect(Object.getPrototypeOf(value)).toBeNull();
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('any text at all is read or refused with faults, and never breaks the reader', () => {
  const piece = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '-',
    '[',
    ']',
    '{',
    '}',
    '&',
    '*',
    '!',
    '"',
    "'",
    '#',
    '|',
    '>',
    '?',
    '%',
    '\t',
    '<<',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (any) => {
      expect(Array.isArray(faults(any))).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
