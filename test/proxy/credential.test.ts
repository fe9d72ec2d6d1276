import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal, type CanonicalRequest } from '../../src/call/index.ts';
import { readCredential } from '../../src/proxy/credential.ts';
import { SeenTokens } from '../../src/proxy/seen-tokens.ts';
import { garbageCollector } from '../support/garbage.ts';

function read(authorization: string | undefined, seen = new SeenTokens(), proof?: string) {
  const request = { authorization, proof, query: '' } as CanonicalRequest;
  return readCredential(request, seen);
}

/** What was read, with the token told; or the code that it was refused with. */
function outcome(authorization: string | undefined, seen?: SeenTokens): unknown {
  try {
    const credential = read(authorization, seen);
    return credential && { ...credential, token: credential.token.reveal() };
  } catch (error) {
    return error instanceof Refusal ? error.code : error;
  }
}

const FIELDS = [
  undefined,
  '',
  'Basic dTpw',
  'Bearer',
  'Bearer aaa',
  'bearer aaa',
  'Bearer  aaa',
  'Bearer aaA',
  'Bearer aaaa',
  'Bearer aaa ',
  'Bearer aaa, Bearer aaa',
  'DPoP aaa',
  'dpop aaa',
  'aaa',
];

describe('a token that was seen lately', () => {
  it('changes nothing of what is read from the fields after it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FIELDS), { maxLength: 12 }), (fields) => {
        const seen = new SeenTokens();
        expect(fields.map((field) => outcome(field, seen))).toEqual(
          fields.map((field) => outcome(field)),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is the same object when it comes again, and with each call goes the proof of that call', () => {
    const seen = new SeenTokens();
    const [one, two] = ['one', 'two'].map((proof) => read('DPoP aaa', seen, proof));
    expect(two?.token).toBe(one?.token);
    expect([one?.proof, two?.proof]).toEqual(['one', 'two']);
    expect(read('DPoP aab', seen)?.token).not.toBe(one?.token);
  });

  it('is told from one that differs in any one character, wherever that is', () => {
    const text = `Bearer ${'abcdefghij'.repeat(6)}`;
    const seen = new SeenTokens();
    const token = read(text, seen)?.token;
    for (let at = 'Bearer '.length; at < text.length; at++) {
      const other = `${text.slice(0, at)}X${text.slice(at + 1)}`;
      expect(read(other, seen)?.token.reveal()).toBe(other.slice('Bearer '.length));
    }
    for (const other of [text.slice(0, -1), `${text}a`, text.replace('r ', 'r  ')])
      expect(read(other, seen)?.token).not.toBe(token);
  });

  it('is one of a bounded number, and lives no longer for that: of 10,000 none is left', async () => {
    const seen = new SeenTokens();
    const collect = garbageCollector();
    const tokens: WeakRef<object>[] = [];
    const come = (n: number) => tokens.push(new WeakRef(read(`Bearer token-${n}`, seen)!.token));
    for (let n = 0; n < 10_000; n++) {
      come(n);
      expect(seen.size).toBeLessThanOrEqual(4096);
    }
    await collect();
    expect(tokens.filter((token) => token.deref() !== undefined)).toEqual([]);
  });
});
