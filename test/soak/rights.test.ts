import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { codeIn, codesFor } from '../../scripts/soak/expect.ts';
import { STREAM } from '../../scripts/soak/kinds.ts';
import { Rights, type AgentRights } from '../../scripts/soak/rights.ts';

const HOLDER = { agent: 'a', credential: { serial: '01' } };
const MAY: AgentRights = { scopes: ['events:read'], disabled: false, killed: false };
const editionOf = (rights: AgentRights, revoked: readonly string[] = []) => ({
  agents: new Map([['a', rights]]),
  revoked: new Set(revoked),
});

beforeEach(() => void vi.useFakeTimers({ now: 1000 }));
afterEach(() => void vi.useRealTimers());

/** Every code that is right for a call of that one moment. */
function codesAt(rights: Rights, moment: number): string[] {
  const shown = { ...HOLDER, notAfter: 1_000_000 };
  return [...codesFor({ rights }, STREAM, shown, moment, moment)].toSorted();
}

/** When nothing that lets a stream go on can have been in force any more. */
const endedAt = (rights: Rights, from: number): number | undefined =>
  rights.endedAt(HOLDER, from, (state) => codeIn(state, STREAM) !== 'OK');

const step = (): void => void vi.advanceTimersByTime(10);

describe('what the soak takes for right', () => {
  it('is one code alone before a change began and after it is in force, and either between', () => {
    const rights = new Rights(editionOf(MAY));
    const isSure = rights.kill('a', true);
    step();
    isSure();
    expect(codesAt(rights, 999)).toEqual(['OK']);
    expect(codesAt(rights, 1000)).toEqual(['AGENT_DISABLED', 'OK']);
    expect(codesAt(rights, 1010)).toEqual(['AGENT_DISABLED', 'OK']);
    expect(codesAt(rights, 1011)).toEqual(['AGENT_DISABLED']);
  });

  it('has a killed agent with a revoked certificate told of its kill until the list is in force', () => {
    const rights = new Rights(editionOf(MAY));
    rights.kill('a', true)();
    step();
    const isSure = rights.revoke(new Set(['01']));
    step();
    isSure();
    step();
    expect(codesAt(rights, 1005)).toEqual(['AGENT_DISABLED']);
    expect(codesAt(rights, 1015)).toEqual(['AGENT_DISABLED', 'CERTIFICATE_REVOKED']);
    expect(codesAt(rights, 1025)).toEqual(['CERTIFICATE_REVOKED']);
  });

  it('has an agent that is lifted first and disabled then pass in between', () => {
    const rights = new Rights(editionOf({ ...MAY, killed: true }));
    rights.kill('a', false)();
    step();
    const isSure = rights.grant(new Map([['a', { ...MAY, disabled: true }]]));
    step();
    isSure();
    expect(codesAt(rights, 1005)).toEqual(['OK']);
    expect(codesAt(rights, 1015)).toEqual(['AGENT_DISABLED', 'OK']);
    expect(codesAt(rights, 1025)).toEqual(['AGENT_DISABLED']);
  });

  it('has a stream end with the first moment that is sure to deny it, though it may pass again later', () => {
    const rights = new Rights(editionOf(MAY));
    expect(endedAt(rights, 1000)).toBeUndefined();
    step();
    const isKilled = rights.kill('a', true);
    expect(endedAt(rights, 1000)).toBeUndefined();
    step();
    isKilled();
    step();
    rights.kill('a', false)();
    expect(endedAt(rights, 1000)).toBe(1020);
    expect(endedAt(rights, 1025)).toBe(1025);
    expect(endedAt(rights, 1031)).toBeUndefined();
  });

  it('knows no agent that the policy does not name', () => {
    const rights = new Rights({ agents: new Map(), revoked: new Set() });
    expect(codesAt(rights, 1000)).toEqual(['UNKNOWN_AGENT']);
  });
});
