import { closest } from '../lib/index.ts';
import type { KeyFault } from './key-fault.ts';
import { parseTemplate, type Template } from './template.ts';

/** What a route may list. CONNECT and TRACE are not among them: one opens a tunnel, the other reflects credentials. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** `GET,POST /mcp`, read. */
export interface RouteKey {
  readonly methods: readonly string[];
  readonly template: Template;
}

export function parseRouteKey(key: string): RouteKey | KeyFault {
  const blank = key.indexOf(' ');
  if (blank === -1) return formFault(key);
  const methods = key.slice(0, blank).split(',');
  const fault = methodsFault(methods);
  if (fault !== undefined) return fault;
  const path = key.slice(blank + 1);
  const template = parseTemplate(path);
  if ('message' in template) return { ...template, offset: template.offset + blank + 1 };
  return { methods, template };
}

function formFault(key: string): KeyFault {
  const remedy = key.startsWith('/') ? `Write e.g. 'GET ${key}'.` : `Write e.g. 'GET /invoices'.`;
  return { offset: 0, message: 'a route is its methods, one blank and its path', remedy };
}

function methodsFault(methods: readonly string[]): KeyFault | undefined {
  let offset = 0;
  for (const [index, method] of methods.entries()) {
    const fault = methodFault(method);
    if (fault !== undefined) return { ...fault, offset };
    if (methods.indexOf(method) < index)
      return { offset, message: `${method} is there twice`, remedy: 'Remove one of the two.' };
    offset += method.length + 1;
  }
  return undefined;
}

function methodFault(method: string): Omit<KeyFault, 'offset'> | undefined {
  if ((METHODS as readonly string[]).includes(method)) return undefined;
  const upper = method.toUpperCase();
  if (upper === 'CONNECT' || upper === 'TRACE')
    return { message: `${upper} is never let through`, remedy: 'Remove it.' };
  const near = closest(upper, METHODS);
  const allowed = `Methods: ${METHODS.join(', ')}; several are joined by commas without blanks.`;
  return {
    message: `'${method}' is no method that a route may list`,
    remedy: near === undefined ? allowed : `Did you mean '${near}'? ${allowed}`,
  };
}
