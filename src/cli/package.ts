import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readText } from '../files/index.ts';

const packageShape = z.object({ version: z.string() });

/** The folder of the package, of which this file is in `src/cli` or `dist/cli`. */
export function packageFolder(): string {
  return fileURLToPath(new URL('../../', import.meta.url));
}

export function packageVersion(): string {
  const text = readText(`${packageFolder()}package.json`, {
    what: "Sidegate's own package.json",
    ifMissing: 'Install Sidegate again.',
  });
  return packageShape.parse(JSON.parse(text)).version;
}
