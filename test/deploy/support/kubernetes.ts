import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export type Manifest = Readonly<Record<string, unknown>> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
};

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly oneOf?: readonly Schema[];
}

const { kinds, schemas } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'kubernetes-1.30.json'), 'utf8'),
) as { kinds: Record<string, string>; schemas: Record<string, Schema> };

/** The documents of one or more files of YAML. */
export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** What the published schema says against it, as `kubectl --validate=strict` would; unknown keys are faults. */
export function faultsOf(manifest: Manifest): readonly string[] {
  const name = kinds[`${manifest.apiVersion} ${manifest.kind}`];
  if (name === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  return faults(manifest, { $ref: name }, `${manifest.kind}/${manifest.metadata.name}`);
}

function faults(value: unknown, schema: Schema, at: string): readonly string[] {
  if (schema.$ref !== undefined) return faults(value, schemas[schema.$ref] ?? unknown(schema), at);
  if (schema.oneOf !== undefined) {
    const fits = schema.oneOf.some((one) => faults(value, one, at).length === 0);
    return fits ? [] : [`${at}: fits none of its forms`];
  }
  const type = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  const wanted = schema.type === 'number' ? 'integer' : (schema.type ?? 'object');
  if (type !== wanted) return [`${at}: is ${type}, must be ${wanted}`];
  if (Array.isArray(value))
    return value.flatMap((item, index) => faults(item, schema.items ?? {}, `${at}[${index}]`));
  return typeof value === 'object' ? inObject(value as Record<string, unknown>, schema, at) : [];
}

function inObject(value: Record<string, unknown>, schema: Schema, at: string): readonly string[] {
  const { properties, additionalProperties, required = [] } = schema;
  const missing = required
    .filter((key) => !(key in value))
    .map((key) => `${at}.${key}: is missing`);
  // A schema without either takes anything.
  if (properties === undefined && additionalProperties === undefined) return missing;
  const inside = Object.entries(value).flatMap(([key, entry]) => {
    const inner = properties?.[key] ?? additionalProperties;
    return inner === undefined
      ? [`${at}.${key}: is unknown`]
      : faults(entry, inner, `${at}.${key}`);
  });
  return [...missing, ...inside];
}

function unknown({ $ref }: Schema): never {
  throw new TypeError(`the schema has no ${String($ref)}`);
}
