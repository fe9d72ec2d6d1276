import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Clears the memory of what nothing holds, and tells what is left of the heap, in bytes. */
export function garbageCollector(): () => Promise<number> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  return async () => {
    // What was looked at through a WeakRef lives until its task is over.
    await new Promise(setImmediate);
    gc();
    return process.memoryUsage().heapUsed;
  };
}
