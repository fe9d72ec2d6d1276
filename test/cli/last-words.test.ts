import { expect, test } from 'vitest';
import { LastWords } from '../../src/cli/index.ts';
import { setScene } from '../../src/cli/demo/scene.ts';
import { DEMO_POLICY } from '../../src/cli/demo/policy.ts';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

test('every last word is said, also after one that throws, and one without an end is not waited for', async () => {
  const words = new LastWords();
  const said: string[] = [];
  words.add(() => {
    throw new Error('broken');
  });
  words.add(() => new Promise(() => undefined));
  words.add(() => void said.push('heard'));
  const takeBack = words.add(() => void said.push('taken back'));
  takeBack();
  await words.say(10);
  expect(said).toEqual(['heard']);
});

test('the folder of the demo, which holds keys, is gone also when the process ends in the middle of it', async () => {
  const words = new LastWords();
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('sidegate-demo-'));
  const before = new Set(folders());
  await using scene = await setScene({ policy: DEMO_POLICY, now: Date.now, lastWords: words });
  const [mine] = folders().filter((name) => !before.has(name));
  expect(scene.port).toBeGreaterThan(0);
  await words.say(1000);
  expect(existsSync(`${tmpdir()}/${mine}`)).toBe(false);
});
