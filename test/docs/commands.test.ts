import { describe, expect, it } from 'vitest';
import { commandsOf } from './commands.ts';
import { PAGES, blocksOf, readPage } from './page.ts';
import { Session } from './session.ts';

const SHELLS = ['sh', 'console'];

describe('the commands of the documentation', () => {
  it.each(PAGES)('%s: each runs, in order, and prints what is shown', async (page) => {
    const commands = commandsOf(blocksOf(readPage(page)));
    if (commands.length === 0) return;
    const session = await Session.begin();
    // Any page but the first takes it for granted that the quickstart runs.
    if (page !== 'README.md') await session.serve('npm start', 'Ctrl-C ends it.');
    for (const command of commands) await session.type(command);
    await session.stop();
  });

  it('are where the tests look for them', () => {
    const languages = PAGES.flatMap((page) => blocksOf(readPage(page))).map((one) => one.language);
    const shells = languages.filter((language) => SHELLS.includes(language));
    expect(shells.length).toBeGreaterThan(5);
    const known = [...SHELLS, 'yaml', 'json', 'ts', 'text', ''];
    expect(languages.filter((language) => !known.includes(language))).toEqual([]);
  });
});
