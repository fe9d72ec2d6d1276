import { canonicalTarget } from '../call/index.ts';
import type { KeyFault } from './key-fault.ts';

/** What one segment of a template takes: exactly this text, any one segment, or all that is left. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'rest' };

/** A path template, known to be one that some path can match. */
export interface Template {
  /** As written. */
  readonly text: string;
  readonly segments: readonly Segment[];
  /** One character a segment, literal `0`, name `1`, rest `2`: of two that match one path, the lesser text wins. */
  readonly rank: string;
}

const MAX_SEGMENTS = 64;
const MAX_TEMPLATE = 1024;
const NAME = /^\{[A-Za-z_][A-Za-z0-9_]*\}$/;
const RANK = { literal: '0', name: '1', rest: '2' } as const;

/** Reads a template; a segment that no accepted path can hold is a fault, because its route would never match. */
export function parseTemplate(text: string): Template | KeyFault {
  if (!text.startsWith('/'))
    return { offset: 0, message: 'a path begins with a slash', remedy: `Write '/${text}'.` };
  if (text.length > MAX_TEMPLATE)
    return {
      offset: 0,
      message: `a path has at most ${MAX_TEMPLATE} characters`,
      remedy: 'Shorten it.',
    };
  if (text === '/') return { text, segments: [], rank: '' };
  const parts = text.slice(1).split('/');
  if (parts.length > MAX_SEGMENTS)
    return {
      offset: 0,
      message: `a path has at most ${MAX_SEGMENTS} segments`,
      remedy: `End it in '/**'.`,
    };
  const segments: Segment[] = [];
  let offset = 1;
  for (const [index, part] of parts.entries()) {
    const segment = readSegment(part, index === parts.length - 1, segments);
    if ('message' in segment) return { ...segment, offset };
    segments.push(segment);
    offset += part.length + 1;
  }
  return { text, segments, rank: segments.map((segment) => RANK[segment.kind]).join('') };
}

type Fault = Omit<KeyFault, 'offset'>;

function readSegment(part: string, last: boolean, before: readonly Segment[]): Segment | Fault {
  if (part === '') return emptyFault(last);
  if (part === '**')
    return last
      ? { kind: 'rest' }
      : { message: `'**' stands only at the end`, remedy: `Use '{name}' for one segment here.` };
  if (part.includes('*'))
    return {
      message: `'*' stands for nothing within a path`,
      remedy: `Use '{name}' for one segment, or end the path in '/**'.`,
    };
  if (!/[{}]/.test(part)) return readLiteral(part);
  if (!NAME.test(part))
    return {
      message: `'${part}' is no segment: a name in braces stands for a whole one`,
      remedy: `Write '{name}' between two slashes; a name has letters, digits and '_'.`,
    };
  const name = part.slice(1, -1);
  if (before.some((segment) => segment.kind === 'name' && segment.text === name))
    return { message: `the name '${name}' is there twice`, remedy: 'Give each its own name.' };
  return { kind: 'name', text: name };
}

function emptyFault(last: boolean): Fault {
  return last
    ? {
        message: 'a path has no slash at its end',
        remedy: `Remove it: servers differ in what it means. '/**' matches what lies below.`,
      }
    : { message: 'a path has no empty segment', remedy: `Write one slash, not '//'.` };
}

/** A literal must be spelled as the door lets a path in; what it refuses could never match. */
function readLiteral(part: string): Segment | Fault {
  const target = canonicalTarget(`/${part}`);
  if (!('fault' in target) && target.query === '')
    return { kind: 'literal', text: target.meaning.slice(1) };
  const reason = 'fault' in target ? target.fault : 'a route has no query';
  return {
    message: `'${part}' is in no path that is accepted: ${reason}`,
    remedy: `Write the path as a caller must send it: plain, or a character's UTF-8 as %XX.`,
  };
}
