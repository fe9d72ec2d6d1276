import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pump } from '../../src/call/index.ts';
import { WatchedBody } from '../../src/proxy/watched-body.ts';
import { ListSource } from '../call/streams.ts';

const TEXT = 'abcab';

/** What comes through of these chunks, and whether the text was found. */
function watch(chunks: readonly string[]): { through: string; found: boolean; ended: boolean } {
  const seen = { through: '', found: false, ended: false };
  const body = new WatchedBody(new ListSource(chunks), TEXT, () => (seen.found = true));
  const sink = {
    unsent: 0,
    write: (chunk: Uint8Array) => {
      seen.through += Buffer.from(chunk).toString();
      return true;
    },
    end: () => (seen.ended = true),
    fail: () => undefined,
    onDrained: () => undefined,
  };
  pump(body, sink, () => undefined);
  return seen;
}

const chunk = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 });

it('finds a text wherever the chunks part it, and lets everything through where there is none', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      const whole = chunks.join('');
      const { through, found, ended } = watch(chunks);
      expect(found).toBe(whole.includes(TEXT));
      expect(ended).toBe(!found);
      expect(through.includes(TEXT)).toBe(false);
      if (!found) expect(through).toBe(whole);
    }),
    { numRuns: 2000 },
  );
});
