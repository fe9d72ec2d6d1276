import { z } from 'zod';
import { SETTINGS, configShape, type Setting } from '../src/config/index.ts';

/** A part of the JSON Schema of sidegate.yaml. */
export interface SchemaNode {
  readonly [key: string]: unknown;
  readonly properties?: Record<string, SchemaNode>;
  readonly required?: readonly string[];
  readonly default?: string | number | boolean | object;
  description?: string;
}

/** JSON Schema of sidegate.yaml, for editors; what a setting is for is said in the words of `--help-all`. */
export function configJsonSchema(): SchemaNode {
  const schema = z.toJSONSchema(configShape, { io: 'input' }) as SchemaNode;
  for (const setting of SETTINGS) {
    const { node } = nodesOf(schema, setting);
    node.description = setting.help;
  }
  return {
    title: 'Sidegate configuration',
    description: 'How one sidecar runs. See docs/configuration.md.',
    ...schema,
  };
}

/** Where a setting stands in the schema, and whether the file must have it. */
export function nodesOf(
  schema: SchemaNode,
  setting: Setting,
): { readonly node: SchemaNode; readonly required: boolean } {
  let node = schema;
  let required = true;
  for (const key of setting.path) {
    const next = node.properties?.[key];
    if (next === undefined) throw new TypeError(`no ${setting.path.join('.')} in the shape`);
    required &&= node.required?.includes(key) === true;
    node = next;
  }
  return { node, required };
}
