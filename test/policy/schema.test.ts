import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCHEMAS, schemaText } from '../../scripts/write-schema.ts';
import { policyJsonSchema } from '../../src/policy/index.ts';

describe('the schema for editors', () => {
  it.each(Object.entries(SCHEMAS))(
    '%s is the one that is generated: npm run schema',
    (path, make) => {
      const committed = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      expect(committed).toBe(schemaText(make));
    },
  );

  it('describes every key', () => {
    const bare: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'properties') bare.push(...undescribed(inner as object, path));
        walk(inner, `${path}/${key}`);
      }
    };
    walk(policyJsonSchema(), '');
    expect(bare).toEqual([]);
  });
});

function undescribed(properties: object, path: string): string[] {
  return Object.entries(properties)
    .filter(([, value]) => !('description' in (value as object)))
    .map(([key]) => `${path}/${key}`);
}
