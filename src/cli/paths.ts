import { statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { OperatorFault } from '../lib/index.ts';
import type { Terminal } from './terminal.ts';

/** The file that a person named. */
export function atCwd(terminal: Terminal, file: string): string {
  return resolve(terminal.cwd, file);
}

/** A folder to write to that a person named; it need not be there yet. */
export function folderAtCwd(terminal: Terminal, name: string): string {
  const folder = atCwd(terminal, name);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== false) return folder;
  throw new OperatorFault(`${folder} is not a folder`, 'Name one with --dir.');
}

/** A text for people in which files below the working directory are named as seen from there. */
export function seenFromCwd({ cwd }: Terminal, text: string): string {
  // From the root nothing gets shorter, and every slash would look like it.
  if (cwd.endsWith(sep)) return text;
  const folder = cwd + sep;
  // Only where a path begins: the folder's name may also occur within another path.
  return text
    .split(folder)
    .reduce((before, after) =>
      /[\w.~/\\-]$/.test(before) ? before + folder + after : before + after,
    );
}
