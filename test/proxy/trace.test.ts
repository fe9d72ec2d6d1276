import { describe, expect, it } from 'vitest';
import { traceOf, traceparent } from '../../src/proxy/trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const all = () => true;
const none = () => false;

function of(parent: string | undefined, sample = none, state?: string) {
  return traceOf({ traceparent: parent, tracestate: state }, sample);
}

describe('a traceparent that the standard takes continues the trace', () => {
  it.each([
    { why: 'sampled', text: `00-${TRACE}-${PARENT}-01`, sent: '01' },
    { why: 'not sampled', text: `00-${TRACE}-${PARENT}-00`, sent: '00' },
    { why: 'a random ID (Level 2)', text: `00-${TRACE}-${PARENT}-03`, sent: '03' },
    { why: 'flags that nobody knows are cleared', text: `00-${TRACE}-${PARENT}-fd`, sent: '01' },
    { why: 'a later version', text: `01-${TRACE}-${PARENT}-01`, sent: '01' },
    { why: 'a later version, only one flag sure', text: `cc-${TRACE}-${PARENT}-ff`, sent: '01' },
    { why: 'a later version, with more', text: `cc-${TRACE}-${PARENT}-01-x.y`, sent: '01' },
    { why: 'a later version, with a dash', text: `cc-${TRACE}-${PARENT}-01-`, sent: '01' },
  ])('$why: $text', ({ text, sent }) => {
    const trace = of(text);
    expect(trace).toMatchObject({ traceId: TRACE, parentId: PARENT, recorded: false });
    expect(traceparent(trace)).toBe(`00-${TRACE}-${PARENT}-${sent}`);
  });
});

describe('any other begins a trace, and its tracestate goes with it', () => {
  it.each([
    undefined,
    '',
    'nonsense',
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-`,
    `00-${TRACE}-${PARENT}-0`,
    `00-${TRACE}-${PARENT}-011`,
    `00-${TRACE}-${PARENT}-01-`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-0x`,
    `00-${TRACE}-${PARENT}-01.`,
    `cc-${TRACE}-${PARENT}-01.more`,
    `cc-${TRACE}-${PARENT}-011`,
    `ff-${TRACE}-${PARENT}-01`,
    `.0-${TRACE}-${PARENT}-01`,
    `0-${TRACE}-${PARENT}-01`,
    `000-${TRACE}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT.toUpperCase()}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}0-${PARENT}-01`,
    `00-${TRACE}-${PARENT.slice(1)}-01`,
    `00_${TRACE}_${PARENT}_01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01\n`,
  ])('%j', (text) => {
    const trace = of(text, none, 'a=1');
    expect(trace).toMatchObject({ parentId: undefined, recorded: false, state: undefined });
    expect(trace.traceId).not.toBe(TRACE);
    expect(traceparent(trace)).toBe(`00-${trace.traceId}-${trace.spanId}-02`);
  });
});

describe('what the agent is told is true of us', () => {
  const sampled = `00-${TRACE}-${PARENT}-01`;

  it('a recorded span of ours is its parent', () => {
    const trace = of(sampled, all);
    expect(trace).toMatchObject({ parentId: PARENT, recorded: true });
    expect(traceparent(trace)).toBe(`00-${TRACE}-${trace.spanId}-01`);
  });

  it('one that is not recorded is named to nobody: the parent is the caller’s', () => {
    expect(traceparent(of(sampled, none))).toBe(sampled);
  });

  it('what the caller did not sample, we do not record', () => {
    const trace = of(`00-${TRACE}-${PARENT}-00`, all);
    expect(trace.recorded).toBe(false);
    expect(traceparent(trace)).toBe(`00-${TRACE}-${PARENT}-00`);
  });

  it('of a trace that begins here, the flag says whether we record it', () => {
    const trace = of(undefined, all);
    expect(traceparent(trace)).toBe(`00-${trace.traceId}-${trace.spanId}-03`);
  });

  it('the sampler is told whose trace it is', () => {
    const asked: unknown[] = [];
    const sample = (...question: unknown[]) => asked.push(question) > 0;
    of(sampled, sample);
    const begun = of(undefined, sample);
    expect(asked).toEqual([
      [TRACE, true],
      [begun.traceId, false],
    ]);
  });
});
