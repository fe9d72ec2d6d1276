const MAX_TARGET = 8192;
/** What a path may hold as it stands: RFC 3986 pchar without `;`, which some servers cut a segment at. */
const PATH = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})*)+$/;
const QUERY = /^[\x21-\x7e]*$/;
/** Encoded forms of what is unreserved, cuts, ends or climbs a path: two servers would read two paths. */
const FORBIDDEN_ESCAPES =
  /%(?:[01][0-9A-F]|2[DEF]|3[0-9B]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AEF])/i;
const DOUBLE_ESCAPE = /%25[0-9A-F]{2}/i;
/** Characters that end, climb or cut a path, also when a server folds look-alikes (NFKC) into them. */
const DELIMITER = /[/\\.%;?#]/g;

/** A request target that can be read in one way only. */
export interface CanonicalTarget {
  /** As it came; this is what is forwarded. */
  readonly path: string;
  /** What the path means: percent-encoding undone. No segment boundary can hide in it. This is what is judged. */
  readonly meaning: string;
  /** As it came, with its question mark, or empty. */
  readonly query: string;
}

/** Why a target is refused, for the operator. */
export interface TargetFault {
  readonly fault: string;
}

/**
 * Accepts a request target as it is or refuses it; nothing is ever rewritten, so what is judged is what is forwarded.
 * Only the origin form is taken (RFC 9112, 3.2.1).
 */
export function canonicalTarget(target: string): CanonicalTarget | TargetFault {
  if (target.length > MAX_TARGET) return { fault: `the target has more than ${MAX_TARGET} bytes` };
  if (!target.startsWith('/'))
    return { fault: 'the target is not in origin form: it must begin with /' };
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  if (query !== '' && (!QUERY.test(query) || query.includes('#')))
    return { fault: 'the query has a character that may not stand there' };
  const fault = pathFault(path);
  if (fault !== undefined) return { fault };
  if (!path.includes('%')) return { path, meaning: path, query };
  const meaning = decode(path);
  if (meaning === undefined) return { fault: 'the path is not UTF-8 when decoded' };
  const hidden = hiddenFault(meaning);
  return hidden === undefined ? { path, meaning, query } : { fault: hidden };
}

function pathFault(path: string): string | undefined {
  if (!PATH.test(path)) return 'the path has a character or escape that may not stand there';
  if (path.includes('//')) return 'the path has an empty segment';
  if (FORBIDDEN_ESCAPES.test(path))
    return 'the path escapes a character that must not be escaped (a letter, a digit, a dot, a slash, a control)';
  if (DOUBLE_ESCAPE.test(path)) return 'the path is escaped twice';
  for (const segment of path.split('/')) {
    if (segment.endsWith('.')) return 'a path segment ends in a dot';
    if (segment.endsWith('%20')) return 'a path segment ends in a blank';
  }
  return undefined;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function hiddenFault(meaning: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(meaning)) return 'the path hides a control character';
  const folded = meaning.normalize('NFKC');
  if (folded === meaning) return undefined;
  const count = (text: string) => text.match(DELIMITER)?.length ?? 0;
  return count(folded) === count(meaning)
    ? undefined
    : 'the path hides a look-alike of a delimiter';
}
