import { describe, expect, it } from 'vitest';
import { listenShape, parseListen, renderListen } from '../../src/lib/index.ts';

describe('an address to listen on', () => {
  it.each([
    ['0.0.0.0:8443', { kind: 'tcp', host: '0.0.0.0', port: 8443 }],
    ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65535 }],
    ['unix:run/sidegate.sock', { kind: 'unix', path: 'run/sidegate.sock' }],
    ['unix:/a b/:8.sock', { kind: 'unix', path: '/a b/:8.sock' }],
  ])('is read from %j and written the same', (text, listen) => {
    const read = parseListen(text);
    expect(read).toEqual(listen);
    expect(renderListen(read!)).toBe(text);
    expect(listenShape.parse(text)).toEqual(listen);
  });

  it.each([
    '',
    '8443',
    ':8443',
    '*:8443',
    'host',
    'host:',
    'host:65536',
    'host:-1',
    'host:8443/',
    'http://host:1',
    'a b:1',
    '::1:8443',
    '[::1]',
    '[:::1]:1',
    '[1.2.3.4]:1',
    'unix:',
    'unix:a\0b',
    'UNIX:a',
  ])('is not %j', (text) => {
    expect(parseListen(text)).toBeUndefined();
    expect(listenShape.safeParse(text).error?.issues[0]?.message).toMatch(/^must be host:port/);
  });

  it('is text', () => {
    expect(listenShape.safeParse(8443).error?.issues[0]?.message).toMatch(/^must be host:port/);
  });
});
