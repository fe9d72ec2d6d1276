import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../../scripts/errors-page.ts';
import { FAILURES, FAILURE_CODES } from '../../src/call/index.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  it('is what the catalogue says: run npm run pages after changing it', () => {
    expect(page).toBe(errorsPage());
  });

  it('has every code of the catalogue once, and no other', () => {
    const headings = [...page.matchAll(/^### (\S+)$/gm)].map((match) => match[1]);
    expect(headings.toSorted()).toEqual([...FAILURE_CODES].toSorted());
  });
});

describe('the catalogue', () => {
  it.each(FAILURE_CODES)('%s tells the caller nothing that it should not know', (code) => {
    // The field that our own agent sends; a caller never sees these codes.
    const caller = FAILURES[code].caller.replace('x-sidegate-context', '');
    expect(caller).not.toMatch(/sidegate|policy|route|rule|yaml|scope [a-z]+:|version \d/i);
  });

  it.each(FAILURE_CODES)('%s tells the operator what to do', (code) => {
    const { operator, remedy } = FAILURES[code];
    expect(operator).toMatch(/\.$/);
    expect(remedy).toMatch(/[.)]$|NAME\)\.$|npm start$/);
  });

  it('softens denials of authorization only, and never the kill switch or an unknown agent', () => {
    const softened = FAILURE_CODES.filter((code) => FAILURES[code].softened);
    expect(softened.every((code) => FAILURES[code].stage === 'authorization')).toBe(true);
    expect(softened).not.toContain('AGENT_DISABLED');
    expect(softened).not.toContain('UNKNOWN_AGENT');
  });
});
