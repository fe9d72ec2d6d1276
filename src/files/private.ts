import { statSync } from 'node:fs';
import { OperatorFault } from '../lib/index.ts';
import { readText, type FileUse } from './read.ts';

/**
 * A file whose text is a secret: nobody but its owner may read it.
 *
 * @throws OperatorFault that names the file, the reason and the remedy
 */
export function readPrivateText(path: string, use: FileUse): string {
  const text = readText(path, use);
  if ((statSync(path).mode & 0o077) === 0) return text;
  throw new OperatorFault(
    `${use.what} ${path} can be read by others than its owner`,
    `Make it private: chmod 600 ${path}; and as others may have read it, write a new one.`,
  );
}
