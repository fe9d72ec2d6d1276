import { describe, expect, it } from 'vitest';
import { DerReader, TAG, enterOnly } from '../../src/spiffe/der.ts';
import {
  bitStringBytes,
  namedBitsOf,
  oidOf,
  optionalBoolean,
  serialOf,
  smallIntegerOf,
  takeTime,
} from '../../src/spiffe/der-values.ts';
import { readCertificate, readCrl } from '../../src/spiffe/index.ts';
import { bytes, codeOf, der } from './encode.ts';

const read = (hex: string) => new DerReader(Buffer.from(hex, 'hex'));

describe('the form of an element', () => {
  it.each([
    ['ends before its tag', '', 'TRUNCATED'],
    ['ends before its length', '30', 'TRUNCATED'],
    ['ends inside its length', '3082', 'TRUNCATED'],
    ['ends inside its content', '300201', 'TRUNCATED'],
    ['claims 4 GiB', '3084ffffffff00', 'TRUNCATED'],
    ['has an indefinite length', '30800000', 'LENGTH'],
    ['has a length of five bytes', '30850000000001ff', 'LENGTH'],
    ['has the reserved length octet', '30ff', 'LENGTH'],
    ['has a short length in the long form', '308101ff', 'LENGTH'],
    ['has a length with a zero in front', `30820080${'00'.repeat(128)}`, 'LENGTH'],
    ['has a tag number above 30', '3f8101', 'TAG'],
  ])('is refused if it %s', (_, hex, code) => {
    expect(codeOf(() => read(hex).any())).toBe(code);
  });

  it('may be as long as it says, in one, two and three length bytes', () => {
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
      const element = new DerReader(der(0x04, Buffer.alloc(length))).take(TAG.octetString);
      expect(element.content.length).toBe(length);
    }
  });

  it('another type than expected is refused, and so is more than expected', () => {
    expect(codeOf(() => read('0500').take(TAG.sequence))).toBe('TAG');
    expect(codeOf(() => enterOnly(bytes(0x30, 0, 0), TAG.sequence))).toBe('TRAILING');
    expect(codeOf(() => enterOnly(bytes(), TAG.sequence))).toBe('TRUNCATED');
  });

  it('nesting, however deep, costs no stack', () => {
    let deep = der(0x30);
    while (deep.length < 60_000) deep = der(0x30, deep);
    expect(codeOf(() => readCertificate(deep))).toBe('TRUNCATED');
    expect(codeOf(() => readCrl(deep))).toBe('TRUNCATED');
    expect(codeOf(() => readCrl(Buffer.alloc(1_000_000, 0x30)))).toBe('TRAILING');
  });
});

describe('integers', () => {
  it.each([
    ['0201 00', '00'],
    ['0201 7f', '7f'],
    ['0202 0080', '80'],
    ['0203 0102ff', '0102ff'],
  ])('%s is the serial %s', (hex, serial) => {
    expect(serialOf(read(hex.replace(' ', '')).any())).toBe(serial);
  });

  it.each([
    ['an empty one', '0200', 'VALUE'],
    ['a negative one', '020180', 'VALUE'],
    ['a zero in front that is not needed', '0202007f', 'VALUE'],
    ['a serial of 21 bytes', `0215${'7f'.repeat(21)}`, 'TOO_LARGE'],
  ])('%s is refused', (_, hex, code) => {
    expect(codeOf(() => serialOf(read(hex).any()))).toBe(code);
  });

  it('a small one may be no larger than 2^31 - 1', () => {
    expect(smallIntegerOf(read('02047fffffff').any())).toBe(2 ** 31 - 1);
    expect(codeOf(() => smallIntegerOf(read('02050080000000').any()))).toBe('TOO_LARGE');
    expect(codeOf(() => smallIntegerOf(read('02050100000000').any()))).toBe('TOO_LARGE');
  });
});

describe('booleans, identifiers and bits', () => {
  it('a boolean is true, false or absent, and nothing else', () => {
    expect(optionalBoolean(read('0101ff'))).toBe(true);
    expect(optionalBoolean(read('010100'))).toBe(false);
    expect(optionalBoolean(read('0500'))).toBe(false);
    for (const hex of ['010101', '0100', '0102ffff'])
      expect(codeOf(() => optionalBoolean(read(hex)))).toBe('VALUE');
  });

  it.each([
    ['0603551d11', '2.5.29.17'],
    ['06082b06010505070302', '1.3.6.1.5.5.7.3.2'],
    ['060100', '0.0'],
    ['060127', '0.39'],
    ['06028837', '2.999'],
  ])('%s is the identifier %s', (hex, text) => expect(oidOf(read(hex).any())).toBe(text));

  it('an arc may have any size, so that no two identifiers become the same', () => {
    // 2^64 + 1 and 1 are one number to a reader of 64 bits.
    expect(oidOf(read('060b2a82808080808080808001').any())).toBe('1.2.18446744073709551617');
  });

  it.each([
    ['an empty one', '0600', 'VALUE'],
    ['one that ends inside an arc', '060255 81'.replace(' ', ''), 'TRUNCATED'],
    ['an arc with a zero in front', '0603558011', 'VALUE'],
    ['one of 65 bytes', `0641${'01'.repeat(65)}`, 'TOO_LARGE'],
  ])('of identifiers, %s is refused', (_, hex, code) => {
    expect(codeOf(() => oidOf(read(hex).any()))).toBe(code);
  });

  it('named bits are counted from the left', () => {
    expect([...namedBitsOf(read('03020780').any())]).toEqual([0]);
    expect([...namedBitsOf(read('03020106').any())]).toEqual([5, 6]);
    expect([...namedBitsOf(read('0303070080').any())]).toEqual([8]);
    expect([...namedBitsOf(read('030100').any())]).toEqual([]);
  });

  it.each([
    ['no octet for the unused bits', '0300'],
    ['eight unused bits', '03020880'],
    ['unused bits of nothing', '030101'],
    ['unused bits that are set', '03020781'],
  ])('a bit string with %s is refused', (_, hex) => {
    expect(codeOf(() => namedBitsOf(read(hex).any()))).toBe('VALUE');
  });

  it('a signature is a whole number of bytes', () => {
    expect([...bitStringBytes(read('03020080').any())]).toEqual([0x80]);
    expect(codeOf(() => bitStringBytes(read('03020780').any()))).toBe('VALUE');
    expect(codeOf(() => bitStringBytes(read('0300').any()))).toBe('VALUE');
  });
});

describe('times', () => {
  const utc = (text: string) => takeTime(new DerReader(der(0x17, Buffer.from(text))));
  const general = (text: string) => takeTime(new DerReader(der(0x18, Buffer.from(text))));

  it('two digits of a year mean 1950 to 2049, four mean themselves', () => {
    expect(utc('491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect(utc('500101000000Z')).toBe(Date.UTC(1950, 0, 1));
    expect(general('20500101000000Z')).toBe(Date.UTC(2050, 0, 1));
    expect(general('99991231235959Z')).toBe(253_402_300_799_000);
    expect(utc('240229120000Z')).toBe(Date.UTC(2024, 1, 29, 12));
  });

  it.each([
    '230229120000Z',
    '231301120000Z',
    '230001120000Z',
    '230101250000Z',
    '230101120060Z',
    '2301011200Z',
    '230101120000',
    '230101120000+0100',
    '230101120000.5Z',
    '2301011200 0Z',
    '',
  ])('the UTCTime "%s" is refused', (text) => expect(codeOf(() => utc(text))).toBe('VALUE'));

  it.each(['230101120000Z', '20230101120000.1Z', '20230229120000Z', '20230101120000Zx'])(
    'the GeneralizedTime "%s" is refused',
    (text) => expect(codeOf(() => general(text))).toBe('VALUE'),
  );

  it('anything else than a time is refused', () => {
    expect(codeOf(() => takeTime(read('0500')))).toBe('TAG');
    expect(codeOf(() => takeTime(read('')))).toBe('TRUNCATED');
  });
});
