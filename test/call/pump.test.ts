import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pump, type Pumped } from '../../src/call/index.ts';
import { HandSink, HandSource, ListSource } from './streams.ts';

function pumping() {
  const source = new HandSource();
  const sink = new HandSink();
  const hows: Pumped[] = [];
  const flow = pump(source, sink, (how) => hows.push(how));
  return { source, sink, hows, flow };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('a pump', () => {
  test('carries bytes, counts them, and ends once', () => {
    const { source, sink, hows, flow } = pumping();
    source.sink?.write(bytes('abc'));
    source.sink?.write(bytes('de'));
    source.sink?.end();
    source.sink?.end();
    source.sink?.fail(new Error('late'));
    source.sink?.write(bytes('late'));
    flow.cut(new Error('late'));
    expect(sink.text).toBe('abcde');
    expect(flow.bytes).toBe(5);
    expect(sink.calls).toEqual(['end']);
    expect(hows).toEqual(['complete']);
    expect(source.calls).toEqual(['start']);
  });

  test('breaks its sink off when the source fails', () => {
    const { source, sink, hows } = pumping();
    const error = new Error('broke');
    source.sink?.fail(error);
    source.sink?.end();
    expect(sink.calls).toEqual(['fail']);
    expect(sink.failed).toBe(error);
    expect(hows).toEqual([error]);
  });

  test('pauses the source while the sink is full', () => {
    const { source, sink } = pumping();
    sink.full = true;
    source.sink?.write(bytes('abc'));
    expect(source.calls).toEqual(['start', 'pause']);
    sink.drain();
    expect(source.calls).toEqual(['start', 'pause', 'resume']);
  });

  test('waits once for a sink that is full, though its source pushes on', () => {
    const { source, sink } = pumping();
    sink.full = true;
    source.sink?.write(bytes('a'));
    source.sink?.write(bytes('b'));
    source.sink?.write(bytes('c'));
    expect(sink.drained.length).toBe(1);
    sink.drain();
    expect(source.calls).toEqual(['start', 'pause', 'resume']);
    expect(sink.text).toBe('abc');
  });

  test('does not resume a source that has ended or was cancelled', () => {
    const ended = pumping();
    ended.sink.full = true;
    ended.source.sink?.write(bytes('a'));
    ended.source.sink?.end();
    ended.sink.drain();
    expect(ended.source.calls).toEqual(['start', 'pause']);

    const cut = pumping();
    cut.sink.full = true;
    cut.source.sink?.write(bytes('a'));
    cut.flow.cut(new Error('cut'));
    cut.sink.drain();
    expect(cut.source.calls).toEqual(['start', 'pause', 'cancel']);
  });

  test('cut cancels the source, breaks the sink and ends with its reason', () => {
    const { source, sink, hows, flow } = pumping();
    const reason = new Error('cut');
    flow.cut(reason);
    flow.cut(new Error('again'));
    expect(source.cancelled).toBe(reason);
    expect(sink.failed).toBe(reason);
    expect(hows).toEqual([reason]);
  });

  test('ends once, with the reason of the cut, though both sides answer back at once', () => {
    const { source, sink, hows, flow } = pumping();
    const reason = new Error('cut');
    source.cancel = () => source.sink?.fail(new Error('cancelled'));
    sink.fail = (error) => {
      sink.calls.push('fail');
      sink.broken?.(new Error('broken'));
      sink.failed = error;
    };
    flow.cut(reason);
    expect(hows).toEqual([reason]);
    expect(sink.calls).toEqual(['fail']);
    expect(sink.failed).toBe(reason);
  });

  test('ends when its sink breaks, also while it is full', () => {
    const { source, sink, hows } = pumping();
    const gone = new Error('gone');
    sink.full = true;
    source.sink?.write(bytes('a'));
    sink.broken?.(gone);
    expect(source.cancelled).toBe(gone);
    expect(hows).toEqual([gone]);
  });

  test('does not wait for a sink that breaks while it is written to', () => {
    const { source, sink, hows } = pumping();
    sink.write = () => {
      sink.broken?.(new Error('gone'));
      return false;
    };
    source.sink?.write(bytes('a'));
    expect(source.calls).toEqual(['start', 'cancel']);
    expect(sink.drained).toEqual([]);
    expect(hows.length).toBe(1);
  });

  test('does not start the source for a sink that is broken already', () => {
    const source = new HandSource();
    const sink = new HandSink();
    sink.onBroken = (broken) => broken(new Error('gone'));
    const hows: Pumped[] = [];
    pump(source, sink, (how) => hows.push(how));
    expect(source.calls).toEqual(['cancel']);
    expect(hows.length).toBe(1);
  });

  test('may be over before it returns', () => {
    const hows: Pumped[] = [];
    const sink = new HandSink();
    const flow = pump(new ListSource(['ab', 'c']), sink, (how) => hows.push(how));
    expect(hows).toEqual(['complete']);
    expect(flow.bytes).toBe(3);
    expect(sink.text).toBe('abc');
  });

  test('whatever happens in whatever order, ends once and writes nothing after', () => {
    const steps = ['write', 'full', 'drain', 'end', 'fail', 'cut', 'break'] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 30 }), (path) => {
        const { source, sink, hows, flow } = pumping();
        let written = '';
        for (const step of path) {
          const over = hows.length > 0;
          if (step === 'write') source.sink?.write(bytes('x'));
          if (step === 'write' && !over) written += 'x';
          if (step === 'full') sink.full = true;
          if (step === 'drain') sink.drain();
          if (step === 'end') source.sink?.end();
          if (step === 'fail') source.sink?.fail(new Error('fail'));
          if (step === 'cut') flow.cut(new Error('cut'));
          if (step === 'break') sink.broken?.(new Error('break'));
        }
        expect(sink.text).toBe(written);
        expect(flow.bytes).toBe(written.length);
        expect(hows.length).toBeLessThanOrEqual(1);
        expect(sink.calls.length).toBe(hows.length);
        const pauses = source.calls.filter((call) => call === 'pause').length;
        const resumes = source.calls.filter((call) => call === 'resume').length;
        expect(pauses - resumes).toBeGreaterThanOrEqual(0);
        expect(pauses - resumes).toBeLessThanOrEqual(1);
      }),
    );
  });
});
