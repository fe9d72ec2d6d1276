import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY = 100;

/** Those of the files that are not there, or are empty because somebody has only begun to write them. */
export function missingFiles(files: readonly string[]): string[] {
  return files.filter((file) => !hasContent(file));
}

/**
 * Resolves when all files are there, or after `within` milliseconds: whoever reads them says what is missing still.
 *
 * @throws the signal's reason if it is aborted
 */
export async function awaitFiles(
  files: readonly string[],
  within: number,
  stop: AbortSignal,
): Promise<void> {
  const last = performance.now() + within;
  while (missingFiles(files).length > 0) {
    stop.throwIfAborted();
    const left = last - performance.now();
    if (left <= 0) return;
    await pause(Math.min(LOOK_EVERY, left), undefined, { signal: stop });
  }
}

/** What cannot be looked at is no use either, but waiting does not mend it. */
function hasContent(file: string): boolean {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat !== undefined && stat.size > 0;
  } catch {
    return true;
  }
}
