import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readHeaders } from '../../../src/telemetry/tracing/collector.ts';

function read(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-headers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'headers');
  writeFileSync(file, text);
  return readHeaders(file);
}

it('a line is a header; blank ones and comments are none', () => {
  expect(read('# ours\n\nauthorization: Bearer a b\r\nX-Scope:gates\n')).toEqual([
    ['authorization', 'Bearer a b'],
    ['X-Scope', 'gates'],
  ]);
  expect(read('')).toEqual([]);
});

it.each([
  ['authorization Bearer KEY', 'line 1'],
  ['ok: 1\nbad name: KEY', 'line 2'],
  ['empty:', 'line 1'],
  ['content-type: KEY', 'line 1'],
  ['Host: KEY', 'line 1'],
  ['x: KEY\u0001', 'line 1'],
])('what cannot be sent is a fault that does not show it: %j', (text, where) => {
  expect(() => read(text)).toThrow(where);
  expect(() => read(text)).not.toThrow('KEY');
});
