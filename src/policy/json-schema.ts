import { z } from 'zod';
import { casesShape } from './cases-shape.ts';
import { policyShape } from './shape.ts';

/** JSON Schema of policy.yaml, for editors. The loader holds more than a schema can say. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policyShape, { io: 'input' });
}

/** JSON Schema of policy.test.yaml, for editors. */
export function casesJsonSchema(): object {
  return z.toJSONSchema(casesShape, { io: 'input' });
}
