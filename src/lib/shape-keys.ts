import { z } from 'zod';

/** The keys that may stand in the map at a path of a shape; none where the shape has no fixed keys. */
export function keysAt(shape: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  if (shape instanceof z.ZodUnion) return shape.options.flatMap((one) => keysAt(one, path));
  if (shape instanceof z.ZodPipe) return keysAt(shape.in, path);
  if (shape instanceof z.ZodOptional || shape instanceof z.ZodDefault)
    return keysAt(shape.unwrap(), path);
  const [step, ...rest] = path;
  if (shape instanceof z.ZodArray) return step === undefined ? [] : keysAt(shape.element, rest);
  if (shape instanceof z.ZodRecord) return step === undefined ? [] : keysAt(shape.valueType, rest);
  if (!(shape instanceof z.ZodObject)) return [];
  const fields = shape.shape as Readonly<Record<string, z.core.$ZodType>>;
  if (step === undefined) return Object.keys(fields);
  const below = Object.hasOwn(fields, step) ? fields[String(step)] : undefined;
  return below === undefined ? [] : keysAt(below, rest);
}
