import { z } from 'zod';
import { listShape } from './list-shape.ts';
import type { ScopeFault } from './scope.ts';

/** A list of scopes, each held by `faultOf`, none of them twice; the pattern is for editors. */
export function scopesShape(faultOf: (text: string) => ScopeFault | undefined, pattern: RegExp) {
  const scope = z
    .string({ error: 'must be a scope, e.g. invoices:read' })
    .meta({ pattern: pattern.source })
    .superRefine((text, context) => {
      const fault = faultOf(text);
      if (fault === undefined) return;
      const { message, remedy } = fault;
      context.addIssue({ code: 'custom', message, params: { remedy } });
    });
  return listShape(scope);
}
