import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { OperatorFault } from '../lib/index.ts';

/** Reading and writing are the files room's; this is the rest that a folder of certificates needs. */

/** The names in a folder, sorted; none if there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new OperatorFault(
      `cannot list the folder ${folder}`,
      'Check that it is a folder and that this user may read it.',
      { cause: error },
    );
  }
}

export function isThere(path: string): boolean {
  return existsSync(path);
}

export function remove(path: string): void {
  rmSync(path, { force: true });
}

/** Whether the group or others have any right to a file. Windows has no such bits; there the answer is no. */
export function isOpenToOthers(path: string): boolean {
  if (process.platform === 'win32') return false;
  return (statSync(path).mode & 0o077) !== 0;
}
