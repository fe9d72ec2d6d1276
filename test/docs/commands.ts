import type { Block } from './page.ts';

/** One command line of a page, and what the page says that it prints. */
export interface Command {
  readonly text: string;
  readonly line: number;
  /** Undefined where the page shows no output. */
  readonly shown: string | undefined;
}

/** What the tests do not run themselves. */
export const NOT_RUN: readonly { readonly command: RegExp; readonly because: string }[] = [
  {
    command: /^npm ci$/,
    because: 'CI installs before it tests; here it would change node_modules',
  },
  { command: /^npm test$/, because: 'this is that command' },
  { command: /^npm run demo$/, because: 'CI runs it as a step of its own (.ci/run)' },
];

/** Commands that go on until Ctrl-C, and what they print once they are ready. */
export const GOES_ON: readonly { readonly command: RegExp; readonly ready: string }[] = [
  { command: /^npm start$/, ready: 'Ctrl-C ends it.' },
  { command: /^(npx )?sidegate run\b(?!.*--help)/, ready: 'takes calls on https://' },
];

/** The commands of a page: lines of `sh` blocks, and of `console` blocks those behind a `$`. */
export function commandsOf(blocks: readonly Block[]): readonly Command[] {
  return blocks.flatMap((block) => {
    if (block.language === 'console') return consoleCommands(block);
    return block.language === 'sh' ? shellCommands(block) : [];
  });
}

function shellCommands({ text, line }: Block): readonly Command[] {
  return text.split('\n').flatMap((one, index) =>
    one
      .replace(/(^|\s+)#.*$/, '')
      .split(' && ')
      .filter((command) => command !== '')
      .map((command) => ({ text: command, line: line + 1 + index, shown: undefined })),
  );
}

function consoleCommands({ text, line }: Block): readonly Command[] {
  const commands: { text: string; line: number; shown: string }[] = [];
  for (const [index, one] of text.split('\n').entries()) {
    if (one.startsWith('$ '))
      commands.push({ text: one.slice(2), line: line + 1 + index, shown: '' });
    else if (commands.length > 0) commands.at(-1)!.shown += `${one}\n`;
  }
  return commands;
}

/** What differs from one run to the next, made equal: IDs, times, ports, serials, digests. */
export function normalised(text: string): string {
  return text
    .replace(/\b[a-z2-7]{16}\b/g, 'ID')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/(127\.0\.0\.1|localhost):\d+/g, '$1:PORT')
    .replace(/certificate [0-9a-f]{20,}/g, 'certificate SERIAL')
    .replace(/policy [0-9a-f]{12}\b/g, 'policy DIGEST')
    .trimEnd();
}
