import { describe, expect, it } from 'vitest';
import { readTracestate } from '../../src/proxy/tracestate.ts';

const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`);
/** A member of that many characters. */
const long = (key: string, length: number) => `${key}=${'x'.repeat(length - key.length - 1)}`;

describe('a tracestate that the standard takes is passed on', () => {
  it.each([
    { why: 'one', text: 'congo=t61rcWkgMzE' },
    { why: 'in its order', text: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' },
    { why: 'blanks between', text: 'foo=1 \t , \t bar=2, \t baz=3', passed: 'foo=1,bar=2,baz=3' },
    { why: 'empty members', text: ',foo=1,,bar=2,', passed: 'foo=1,bar=2' },
    { why: 'every sign of a key', text: 'a_-*/0=1' },
    { why: 'a tenant', text: 'fw529a3039@dt=FfJkAAAA' },
    { why: 'a digit first', text: '0tenant@sys=1' },
    { why: 'a key of 256', text: `${'k'.repeat(256)}=1` },
    { why: 'a value of 256', text: `k=${'v'.repeat(256)}` },
    { why: 'blanks in a value', text: 'k=a b  c' },
    { why: 'the signs of a value', text: 'k=!"#$%&\'()*+-./:;<>?@[\\]^_`{|}~' },
    { why: '32 members', text: members(32).join(',') },
    { why: '512 characters', text: [long('a', 256), long('b', 255)].join(',') },
  ])('$why', ({ text, passed }) => {
    expect(readTracestate(text)).toBe(passed ?? text);
  });
});

describe('one that breaks the form is dropped whole', () => {
  it.each([
    { why: 'none', text: undefined },
    { why: 'nothing', text: '' },
    { why: 'only commas', text: ' , ,' },
    { why: 'no value', text: 'foo' },
    { why: 'an empty value', text: 'foo=' },
    { why: 'no key', text: '=1' },
    { why: 'two equals signs', text: 'foo=1=2' },
    { why: 'upper case', text: 'FOO=1' },
    { why: 'a dot', text: 'foo.bar=1' },
    { why: 'a blank before =', text: 'foo =1' },
    { why: 'a key of 257', text: `${'k'.repeat(257)}=1` },
    { why: 'a value of 257', text: `k=${'v'.repeat(257)}` },
    { why: 'a control character', text: 'k=a\u0001b' },
    { why: 'a tab in a value', text: 'k=a\tb' },
    { why: 'a letter beyond ASCII', text: 'k=ä' },
    { why: 'a key twice', text: 'foo=1,bar=2,foo=3' },
    { why: 'one bad among good', text: 'foo=1,BAR=2' },
    { why: '33 members', text: members(33).join(',') },
  ])('$why', ({ text }) => {
    expect(readTracestate(text)).toBeUndefined();
  });
});

describe('one that is too long loses whole members', () => {
  it.each([
    {
      why: 'the long ones first, from the end',
      text: ['a=1', long('b', 250), 'c=1', long('d', 250), 'e=1', 'f=12'],
      left: ['a=1', long('b', 250), 'c=1', 'e=1', 'f=12'],
    },
    {
      why: 'then those at the end',
      text: ['a', 'b', 'c', 'd', 'e'].map((key) => long(key, 128)),
      left: ['a', 'b', 'c'].map((key) => long(key, 128)),
    },
  ])('$why', ({ text, left }) => {
    expect(readTracestate(text.join(','))).toBe(left.join(','));
  });
});
