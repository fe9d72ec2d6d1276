import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { loadCases, loadPolicy } from '../../src/policy/index.ts';
import { PAGES, blocksOf, readPage } from './page.ts';

/** What a block in YAML is of, by the key that only that file has. */
const LOADERS: readonly { readonly key: RegExp; readonly load: (text: string) => unknown }[] = [
  { key: /^agents:/m, load: (text) => loadPolicy(text, 'policy.yaml') },
  { key: /^cases:/m, load: (text) => loadCases(text, 'policy.test.yaml') },
  { key: /^inbound:/m, load: loadAsConfig },
];

/** The blocks of the language's own page are held by `test/policy/docs.test.ts`, the refused ones too. */
const blocks = [...PAGES, 'docs/acting-for-somebody.md']
  .filter((page) => page !== 'docs/policy.md')
  .flatMap((page) => blocksOf(readPage(page)).map((block) => ({ page, ...block })));

describe('the blocks of the documentation', () => {
  it.each(blocks.filter(({ language }) => language === 'yaml'))(
    '$page:$line is YAML that loads',
    ({ text }) => {
      const loader = LOADERS.find(({ key }) => key.test(text));
      expect(loader).toBeDefined();
      loader?.load(text);
    },
  );

  it.each(blocks.filter(({ language }) => language === 'json'))(
    '$page:$line is JSON',
    ({ text }) => {
      JSON.parse(text);
    },
  );

  it("the README's policy has no fault and no warning", () => {
    const [yaml] = blocksOf(readPage('README.md')).filter(({ language }) => language === 'yaml');
    expect(loadPolicy(yaml!.text, 'policy.yaml').warnings).toEqual([]);
  });
});

function loadAsConfig(text: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'sidegate.yaml');
  writeFileSync(file, text);
  return loadConfig(file, { flags: {}, trust: [], variables: {}, folder });
}
