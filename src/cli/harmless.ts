/**
 * Text that repeats what stands in files, arguments and answers, made safe for a terminal: everything that could move
 * the cursor or turn text round becomes a visible escape; line breaks and tabs stay.
 */
export function harmless(text: string): string {
  return text.replace(/(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/gu, escape);
}

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
