import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FAILURES, FAILURE_CODES } from '../../src/call/index.ts';
import { SourceFaults } from '../../src/lib/index.ts';
import {
  EXPECTATIONS,
  explain,
  loadCases,
  loadPolicy,
  renderExplanation,
  runCases,
} from '../../src/policy/index.ts';
import { canonicalTarget } from '../../src/call/index.ts';
import { caught, policyText, routed } from './sample.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

const blocks = [...page.matchAll(/^```(\S+)( refused)?\n(.*?)^```$/gms)].map((match) => ({
  language: match[1] ?? '',
  refused: match[2] !== undefined,
  text: match[3] ?? '',
  line: page.slice(0, match.index).split('\n').length,
}));
const yaml = blocks.filter(({ language }) => language === 'yaml');
const example = loadPolicy(yaml[0]?.text ?? '', 'policy.yaml');
const tokens = loadPolicy(
  yaml.find(({ text }) => /^issuers:/m.test(text))?.text ?? '',
  'policy.yaml',
);

/** A block that shows a part of a file, with what it leaves out. It comes first, so that its lines count the same. */
function completed(text: string): string {
  const missing = ['version: 1', 'trustDomain: acme.test', 'agents: {}', 'routes: {}'];
  const has = (key: string) => new RegExp(`^${key}`, 'm').test(text);
  return text + missing.filter((line) => !has(line.split(' ')[0] ?? '')).join('\n');
}

function load(text: string): void {
  if (/^cases:/m.test(text)) loadCases(text, 'policy.yaml');
  else loadPolicy(completed(text), 'policy.yaml');
}

function faults(text: string): { line: number; message: string }[] {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof SourceFaults)) throw error;
    return error.faults.map(({ at, message }) => ({ line: 'line' in at ? at.line : 0, message }));
  }
  return [];
}

describe('docs/policy.md', () => {
  it.each(yaml.filter(({ refused }) => !refused))('the block at line $line loads', ({ text }) => {
    expect(faults(text)).toEqual([]);
  });

  it.each(yaml.filter(({ refused }) => refused))(
    'the block at line $line is refused for what it says, and for nothing else',
    ({ text }) => {
      const said = text.split('\n').flatMap((line, index) => {
        const message = / # ✗ (.*)$/.exec(line)?.[1];
        return message === undefined ? [] : [{ line: index + 1, message }];
      });
      const found = faults(text);
      expect(found.map(({ line }) => line)).toEqual(said.map(({ line }) => line));
      for (const [index, { message }] of said.entries())
        expect(found[index]?.message).toContain(message);
    },
  );

  it('has blocks and rows to hold it to', () => {
    expect([yaml.length, rows.length]).toEqual([22, 13]);
  });

  const rows = [...page.matchAll(/^\| `([A-Z]+ \/\S*)` \| `(.+)` \|$/gm)];
  it.each(rows.map((row) => [row[1] ?? '', row[2] ?? '']))('%s belongs to %s', (call, route) => {
    expect(routed(example, call)).toBe(route);
  });

  const caseBlocks = yaml.filter(({ text, refused }) => !refused && text.includes('cases:'));
  it.each([
    ['the first', example, 6, ({ text }: { text: string }) => !text.includes('token: {')],
    ['that with issuers', tokens, 14, ({ text }: { text: string }) => text.includes('token: {')],
  ])('its cases pass with the policy that they are for: %s', (_, policy, count, is) => {
    const cases = loadCases(caseBlocks.find(is)?.text ?? '', 'cases');
    const failed = runCases(policy, cases, canonicalTarget).filter(({ passed }) => !passed);
    expect([cases.length, failed]).toEqual([count, []]);
    expect(policy.warnings).toEqual([]);
  });

  it('its explanations are the ones that are given', () => {
    const given = explain(example, { as: 'planner', method: 'POST', path: '/invoices' });
    expect(blocks.map(({ text }) => text)).toContain(`${renderExplanation(given)}\n`);
    const token = { for: 'keycloak/alice', scopes: ['invoices:read'] };
    const other = explain(tokens, { as: 'billing', method: 'POST', path: '/refunds', token });
    expect(blocks.map(({ text }) => text)).toContain(`${renderExplanation(other)}\n`);
  });

  it('its fault is the one that is reported', () => {
    const fault = caught(policyText({ routes: '  GET,PSOT /x: []' }));
    expect(blocks.map(({ text }) => text)).toContain(`${fault.render()}\n`);
  });

  it('says of a :* grant what holds', () => {
    const { grants } = example.agentNamed('planner')!;
    const scopes = ['reports:read', 'reports:monthly:read', 'reports', 'reportsx:read'];
    expect(scopes.map((scope) => grants.covers(scope))).toEqual([true, true, false, false]);
  });

  it('names the codes that shadow softens, those of later stages aside, and all that a test may expect', () => {
    const named = /It softens (.*?)\./s.exec(page)?.[1]?.match(/[A-Z_]{5,}/g) ?? [];
    expect(named.toSorted()).toEqual(
      FAILURE_CODES.filter((code) => FAILURES[code].softened).toSorted(),
    );
    const expected = /`expect` is (.*?)\. Only/s.exec(page)?.[1]?.match(/[A-Za-z_]+(?=`)/g) ?? [];
    expect(expected).toEqual([...EXPECTATIONS]);
  });
});
