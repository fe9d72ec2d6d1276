import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BrokenSink, pump, readableSource, writableSink } from '../../src/call/index.ts';
import { HandSink, HandSource, ListSource, drink } from './streams.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a Node stream as a source', () => {
  test('gives its bytes and its end', async () => {
    const source = readableSource(Readable.from([Buffer.from('ab'), Buffer.from('c')]));
    expect((await drink(source)).toString()).toBe('abc');
  });

  test('gives nothing before it is started, and nothing while paused', async () => {
    const stream = new PassThrough();
    const source = readableSource(stream);
    stream.write('a');
    await turn();
    const sink = new HandSink();
    source.start(sink);
    await turn();
    expect(sink.text).toBe('a');
    source.pause();
    stream.write('b');
    await turn();
    expect(sink.text).toBe('a');
    source.resume();
    await turn();
    expect(sink.text).toBe('ab');
  });

  test('fails with the error of the stream', async () => {
    const stream = new PassThrough();
    const text = drink(readableSource(stream));
    const error = new Error('broke');
    stream.destroy(error);
    await expect(text).rejects.toBe(error);
  });

  test('fails when the stream closes before its end', async () => {
    const stream = new PassThrough();
    const text = drink(readableSource(stream));
    stream.write('a');
    await turn();
    stream.destroy();
    await expect(text).rejects.toThrow(/closed before its end/);
  });

  test('fails if the stream broke before anybody took it, and does not crash', async () => {
    const stream = new PassThrough();
    const source = readableSource(stream);
    const error = new Error('broke');
    stream.destroy(error);
    await turn();
    await expect(drink(source)).rejects.toBe(error);
  });

  test('ends if the stream had ended before anybody took it', async () => {
    const stream = new PassThrough();
    const source = readableSource(stream);
    stream.end();
    stream.resume();
    await turn();
    expect((await drink(source)).length).toBe(0);
  });

  test('cancelled, destroys the stream and tells its sink nothing', async () => {
    const stream = new PassThrough();
    const source = readableSource(stream);
    const sink = new HandSink();
    source.start(sink);
    source.cancel(new Error('enough'));
    await turn();
    expect(stream.destroyed).toBe(true);
    expect(sink.calls).toEqual([]);
    source.pause();
    source.resume();
  });

  test('cancelled, does with the stream what it was told to', () => {
    const stream = new PassThrough();
    const reasons: Error[] = [];
    const source = readableSource(stream, (readable, reason) => {
      expect(readable).toBe(stream);
      reasons.push(reason);
    });
    const reason = new Error('enough');
    source.start(new HandSink());
    source.cancel(reason);
    expect(stream.destroyed).toBe(false);
    expect(reasons).toEqual([reason]);
  });

  test('is started once', () => {
    const source = readableSource(new PassThrough());
    source.start(new HandSink());
    expect(() => source.start(new HandSink())).toThrow(TypeError);
  });
});

describe('a Node stream as a sink', () => {
  test('takes bytes and their end', async () => {
    const stream = new PassThrough();
    const sink = writableSink(stream);
    sink.write(Buffer.from('ab'));
    sink.end();
    expect((await stream.toArray()).join('')).toBe('ab');
  });

  test('says that it is full, and when it is not any more', async () => {
    const stream = new PassThrough({ highWaterMark: 4 });
    const sink = writableSink(stream);
    let drained = 0;
    let full = false;
    while (!full) full = !sink.write(Buffer.from('abc'));
    sink.onDrained(() => drained++);
    await turn();
    expect(drained).toBe(0);
    stream.resume();
    await turn();
    expect(drained).toBe(1);
  });

  test('that fails is destroyed without an end, and emits no error', async () => {
    const ends: string[] = [];
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(),
      final: (done) => {
        ends.push('final');
        done();
      },
    });
    const errors: Error[] = [];
    const sink = writableSink(stream);
    stream.on('error', (error) => errors.push(error));
    sink.write(Buffer.from('a'));
    sink.fail(new Error('broke'));
    await turn();
    expect(stream.destroyed).toBe(true);
    expect(ends).toEqual([]);
    expect(errors).toEqual([]);
  });

  test.each([undefined, new Error('reset')])('that goes away ends its pump: %s', async (error) => {
    const stream = new Writable({ highWaterMark: 1, write: () => undefined });
    const source = new HandSource();
    const ended = new Promise((resolve) => pump(source, writableSink(stream), resolve));
    source.sink?.write(Buffer.from('abc'));
    expect(source.calls).toEqual(['start', 'pause']);
    stream.destroy(error);
    const how = await ended;
    expect(how).toBeInstanceOf(BrokenSink);
    expect((how as BrokenSink).cause).toBe(error);
    expect(source.cancelled).toBe(how);
  });

  test('that is gone already ends its pump at once', () => {
    const stream = new PassThrough();
    stream.destroy();
    const source = new HandSource();
    const hows: unknown[] = [];
    pump(source, writableSink(stream), (how) => hows.push(how));
    expect(hows[0]).toBeInstanceOf(BrokenSink);
    expect(source.calls).toEqual(['cancel']);
  });
});

describe('between real HTTP messages', () => {
  async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void) {
    const server = createServer(handle);
    const errors: unknown[] = [];
    server.on('clientError', (error, socket) => {
      errors.push(error);
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as { port: number };
    return { port, errors };
  }

  test('an echo of 20 MiB is whole', async () => {
    const total = 20 * 1024 * 1024;
    const hows: unknown[] = [];
    const { port } = await serve((incoming, response) => {
      pump(readableSource(incoming), writableSink(response), (how) => hows.push(how));
    });
    const outgoing = request({ port, method: 'POST' });
    pump(
      new ListSource(Array<Buffer>(320).fill(Buffer.alloc(65_536))),
      writableSink(outgoing),
      (how) => hows.push(how),
    );
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect((await drink(readableSource(response))).length).toBe(total);
    expect(hows).toEqual(['complete', 'complete']);
  });

  test('a failed answer looks incomplete to the caller, and is no fault of the caller', async () => {
    const { port, errors } = await serve((_request, response) => {
      pump(new ListSource(['part'], new Error('broke')), writableSink(response), () => undefined);
    });
    const outgoing = request({ port });
    outgoing.end();
    const text = once(outgoing, 'response').then(([response]) =>
      drink(readableSource(response as IncomingMessage)),
    );
    await expect(text).rejects.toThrow();
    expect(errors).toEqual([]);
  });

  test('a caller that leaves in the middle of its answer ends the pump', async () => {
    const source = new HandSource();
    let ended: Promise<unknown> | undefined;
    const { port } = await serve((_request, response) => {
      ended = new Promise((resolve) => pump(source, writableSink(response), resolve));
      source.sink?.write(Buffer.from('part'));
    });
    const outgoing = request({ port });
    outgoing.on('error', () => undefined);
    outgoing.end();
    await once(outgoing, 'response');
    outgoing.destroy();
    expect(await ended).toBeInstanceOf(BrokenSink);
    expect(source.cancelled).toBeInstanceOf(BrokenSink);
  });

  test('a caller that leaves in the middle of its body fails the source', async () => {
    let text: Promise<unknown> | undefined;
    const { port } = await serve((incoming) => {
      text = drink(readableSource(incoming)).catch((error: unknown) => error);
    });
    const outgoing = request({ port, method: 'POST' });
    outgoing.on('error', () => undefined);
    outgoing.write('part');
    while (text === undefined) await turn();
    outgoing.destroy();
    expect(await text).toBeInstanceOf(Error);
  });
});
