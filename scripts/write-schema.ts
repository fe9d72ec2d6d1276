import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { casesJsonSchema, policyJsonSchema } from '../src/policy/index.ts';
import { configJsonSchema } from './config-schema.ts';

/** Every schema that editors are given, by its path in the repository. */
export const SCHEMAS: Readonly<Record<string, () => object>> = {
  'schema/policy.schema.json': policyJsonSchema,
  'schema/policy.test.schema.json': casesJsonSchema,
  'schema/sidegate.schema.json': configJsonSchema,
};

/** A schema file's text. */
export function schemaText(make: () => object): string {
  return `${JSON.stringify(make(), null, 2)}\n`;
}

if (import.meta.main) {
  for (const [path, make] of Object.entries(SCHEMAS)) {
    const file = new URL(`../${path}`, import.meta.url);
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, schemaText(make));
    console.log(`wrote ${fileURLToPath(file)}`);
  }
}
