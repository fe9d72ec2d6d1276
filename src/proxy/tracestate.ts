/** Keys as Trace Context 2 has them, which takes all of those of Level 1 (3.3.1.3.1). */
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
/** Up to 256 printable characters but comma and equals sign; the last is no blank (3.3.1.3.2). */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MAX_MEMBERS = 32;
/** Characters that are passed on; the least that the standard asks for (3.3.1.5). */
const MAX_LENGTH = 512;
/** Members longer than this are the first to go. */
const LONG_MEMBER = 128;

/**
 * The list with its members in their order and nothing between them but commas. Undefined if there is none, or if any
 * member breaks the form: what cannot be read whole is not passed on in part.
 */
export function readTracestate(text: string | undefined): string | undefined {
  const members = (text ?? '')
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined;
  const keys = new Set<string>();
  for (const member of members) {
    const equals = member.indexOf('=');
    const key = member.slice(0, Math.max(equals, 0));
    if (!KEY.test(key) || !VALUE.test(member.slice(equals + 1)) || keys.has(key)) return undefined;
    keys.add(key);
  }
  return shortened(members);
}

/** Whole members go: first the long ones, then those at the end, until the rest fits. */
function shortened(members: readonly string[]): string | undefined {
  const kept = [...members];
  for (let i = kept.length - 1; i >= 0 && lengthOf(kept) > MAX_LENGTH; i--)
    if ((kept[i]?.length ?? 0) > LONG_MEMBER) kept.splice(i, 1);
  while (lengthOf(kept) > MAX_LENGTH) kept.pop();
  return kept.length === 0 ? undefined : kept.join(',');
}

function lengthOf(members: readonly string[]): number {
  return members.reduce((sum, member) => sum + member.length + 1, -1);
}
