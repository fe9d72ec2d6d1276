import type { SourceFault, SourcePosition } from '../lib/index.ts';

/** Something wrong within a key of the file, `offset` characters from the key's beginning. */
export interface KeyFault {
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

/** The fault with its caret under the very character, if the key stands in the line as it is. */
export function placeKeyFault(fault: KeyFault, key: string, at: SourcePosition): SourceFault {
  const { message, remedy } = fault;
  const begin = at.column - 1;
  const quote = /^['"]/.test(at.text.slice(begin)) ? 1 : 0;
  const asIs = at.text.startsWith(key, begin + quote);
  const column = asIs ? at.column + quote + fault.offset : at.column;
  return { at: { ...at, column }, message, remedy };
}
