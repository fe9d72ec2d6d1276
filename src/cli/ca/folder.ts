import { Option } from 'commander';
import { DEFAULT_CA_FOLDER } from '../defaults.ts';

/** `--dir`, of every command here. */
export function folderOption(): Option {
  return new Option('--dir <folder>', 'the folder of the CA').default(DEFAULT_CA_FOLDER);
}

/** What must follow a command that is proposed next, so that it means the same folder. */
export function sameFolder(dir: string): string {
  return dir === DEFAULT_CA_FOLDER ? '' : ` --dir ${dir}`;
}

export interface FolderFlags {
  readonly dir: string;
  readonly json?: true;
}
