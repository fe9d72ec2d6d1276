import { describe, expect, test } from 'vitest';
import {
  authorityOf,
  isLocal,
  parseUpstream,
  showTarget,
  upstreamShape,
  type UpstreamTarget,
} from '../../src/upstream/index.ts';

const tcp = (host: string, port: number): UpstreamTarget => ({ kind: 'tcp', host, port });

describe('a target is read', () => {
  const rows: [text: string, target: UpstreamTarget, authority: string, local: boolean][] = [
    ['unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock' }, 'localhost', true],
    ['unix:run/a.sock', { kind: 'unix', path: 'run/a.sock' }, 'localhost', true],
    ['http://127.0.0.1:8080', tcp('127.0.0.1', 8080), '127.0.0.1:8080', true],
    ['http://127.9.9.9:8080/', tcp('127.9.9.9', 8080), '127.9.9.9:8080', true],
    ['http://127.1:8080', tcp('127.0.0.1', 8080), '127.0.0.1:8080', true],
    ['http://[::1]:8080', tcp('[::1]', 8080), '[::1]:8080', true],
    ['HTTP://LocalHost', tcp('localhost', 80), 'localhost', true],
    ['http://agent.local:9', tcp('agent.local', 9), 'agent.local:9', false],
    ['http://localhost.evil.test:1', tcp('localhost.evil.test', 1), 'localhost.evil.test:1', false],
    ['http://127.evil.test:1', tcp('127.evil.test', 1), '127.evil.test:1', false],
    ['http://0.0.0.0:1', tcp('0.0.0.0', 1), '0.0.0.0:1', false],
    ['http://[::ffff:127.0.0.1]:1', tcp('[::ffff:7f00:1]', 1), '[::ffff:7f00:1]:1', false],
    ['http://10.0.0.1:1', tcp('10.0.0.1', 1), '10.0.0.1:1', false],
  ];
  test.each(rows)('%s', (text, target, authority, local) => {
    expect(parseUpstream(text)).toEqual(target);
    expect(upstreamShape.parse(text)).toEqual(target);
    expect(authorityOf(target)).toBe(authority);
    expect(isLocal(target)).toBe(local);
    expect(parseUpstream(showTarget(target))).toEqual(target);
  });
});

describe('a target is refused with a sentence', () => {
  const rows: [text: string, why: RegExp][] = [
    ['', /must be unix:/],
    ['127.0.0.1:8080', /must be unix:/],
    ['tcp://127.0.0.1:8080', /must be unix:/],
    ['unix:', /must be unix:/],
    ['unix:/a\0b', /must be unix:/],
    ['https://127.0.0.1:8443', /without TLS/],
    ['http://user@127.0.0.1:8080', /user or password/],
    ['http://:secret@127.0.0.1:8080', /user or password/],
    ['http://127.0.0.1:8080/api', /after the port/],
    ['http://127.0.0.1:8080?x=1', /after the port/],
    ['http://127.0.0.1:8080?', /after the port/],
    ['http://127.0.0.1:8080#', /after the port/],
    ['http://127.0.0.1:0', /name the port/],
    ['http://127.0.0.1:70000', /must be unix:/],
    ['http://127.0.0.1:8080\r\nx: y', /must be|after the port/],
    [' http://127.0.0.1:8080', /must be unix:/],
    ['http://127.0.0.1:8080 ', /must be unix:/],
    ['http://127.0.0.1\t:8080', /must be unix:/],
  ];
  test.each(rows)('%j', (text, why) => {
    expect(parseUpstream(text)).toMatch(why);
    expect(upstreamShape.safeParse(text).error?.issues[0]?.message).toMatch(why);
  });

  test('what is no text at all', () => {
    expect(upstreamShape.safeParse(8080).error?.issues[0]?.message).toMatch(/must be unix:/);
  });
});
