import { expect, test } from 'vitest';
import { seenFromCwd } from '../../src/cli/paths.ts';
import { renderTable } from '../../src/cli/table.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { fromNow } from '../../src/cli/when.ts';

test.each([
  ['/home/me', 'cannot read /home/me/certs/ca.crt', 'cannot read certs/ca.crt'],
  ['/home/me', '/home/me/a and unix:/home/me/b', 'a and unix:b'],
  ['/home/me', '/srv/home/me/a', '/srv/home/me/a'],
  ['/home/me', '/home/mean/a', '/home/mean/a'],
  ['/home/me', 'in /home/me', 'in /home/me'],
  ['/', 'GET /invoices is in /etc/policy.yaml', 'GET /invoices is in /etc/policy.yaml'],
])('from %s, %j reads %j', (cwd, text, seen) => {
  expect(seenFromCwd({ cwd } as Terminal, text)).toBe(seen);
});

test('a table has aligned columns and no blanks at its ends of lines', () => {
  const rows = [['a', 'long', 'x'], ['longer', '', ''], ['b']];
  expect(renderTable(rows)).toBe('a       long  x\nlonger\nb\n');
});

const MINUTE = 60_000;
test.each([
  [0, 'in 0 seconds'],
  [1000, 'in 1 second'],
  [-90_000, '90 seconds ago'],
  [119 * MINUTE, 'in 119 minutes'],
  [24 * 60 * MINUTE - 1, 'in 24 hours'],
  [-3 * 24 * 60 * MINUTE, '3 days ago'],
])('%d ms from now is %j', (span, words) => {
  expect(fromNow(1e12 + span, 1e12)).toBe(words);
});
