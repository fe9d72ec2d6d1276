import { createHash } from 'node:crypto';
import { readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';

const POLL_EVERY = 1000;
/** Whoever writes several files, or one in several steps, is given this long to finish. */
const SETTLE = 100;

export interface FileWatch {
  close(): void;
}

/**
 * Calls `changed` when the content of any of these files has changed, appeared or gone. Events of their folders make it
 * quick; a look every second makes it sure, because events are lost, and Kubernetes swaps a link further up.
 */
export function watchFiles(files: readonly string[], changed: () => void): FileWatch {
  return new RunningWatch(files, changed);
}

class RunningWatch implements FileWatch {
  readonly #files: readonly string[];
  readonly #changed: () => void;
  readonly #watchers: readonly FSWatcher[];
  readonly #poll: NodeJS.Timeout;
  #stamps: string;
  #digest: string;
  #settling: NodeJS.Timeout | undefined;

  constructor(files: readonly string[], changed: () => void) {
    this.#files = files;
    this.#changed = changed;
    this.#stamps = stampsOf(files);
    this.#digest = digestOf(files);
    this.#watchers = [...new Set(files.map(dirname))].flatMap((folder) => this.#watch(folder));
    this.#poll = setInterval(() => this.#look(), POLL_EVERY).unref();
  }

  close(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Where events cannot be had, the poll is enough. */
  #watch(folder: string): FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#settling ??= setTimeout(() => this.#look(), SETTLE).unref();
      });
      return [watcher.on('error', () => watcher.close())];
    } catch {
      return [];
    }
  }

  #look(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    const stamps = stampsOf(this.#files);
    if (stamps === this.#stamps) return;
    this.#stamps = stamps;
    const digest = digestOf(this.#files);
    if (digest === this.#digest) return;
    this.#digest = digest;
    this.#changed();
  }
}

/** What changes whenever the content could have: cheap enough to ask for every two seconds. */
function stampsOf(files: readonly string[]): string {
  return files.map(stampOf).join(' ');
}

function stampOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '-' : `${stat.dev}:${stat.ino}:${stat.size}:${stat.ctimeNs}`;
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(contentOf(file)).update('\0');
  return hash.digest('hex');
}

/** A file that cannot be read is told of by whoever loads it. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.from('unreadable');
  }
}
