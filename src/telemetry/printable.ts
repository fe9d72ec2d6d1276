/**
 * Text that a caller may have chosen, made harmless for a terminal: control and format characters, which could move
 * the cursor, rewrite lines or turn text round, become visible escapes. At most `max` characters long.
 */
export function printable(text: string, max = 200): string {
  const clipped = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return clipped.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

/** The same for text of several lines: line breaks stay, everything else is escaped. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll('\t', '  '), 2000))
    .join('\n');
}

/**
 * The first `max` characters, marked if there were more. A token that somebody put where a name belongs, such as into a
 * path or for an audience, is left out: whoever reads the record could use it.
 */
export function clip(text: string, max: number): string {
  const clipped = text.length > max ? `${text.slice(0, max)}…` : text;
  return clipped.includes('eyJ') ? clipped.replace(COMPACT, '(a token)') : clipped;
}

/** A JWS or JWE in its compact form, whose header is a JSON object; also one that is cut short. */
const COMPACT = /(?<![\w-])eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*…?/g;

/**
 * JSON in which what JSON leaves bare but terminals obey (DEL, C1 controls, bidirectional marks) is escaped too,
 * because people read logs with `tail`.
 */
export function harmlessJson(json: string): string {
  return BARE.test(json) ? json.replace(BARE_ALL, jsonEscape) : json;
}

const BARE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/u;
const BARE_ALL = new RegExp(BARE.source, 'gu');

function jsonEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
