import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  BrokenSink,
  pump,
  readableSource,
  writableSink,
  type End,
  type Flow,
  type Pumped,
  type Reply,
  type Tunnel,
} from '../call/index.ts';

/** A connection that changed its protocol: two flows that live and die together. */
export class Tunnelled {
  readonly socket: Socket;
  readonly #in: Flow;
  readonly #out: Flow;
  readonly #over: (how: End['how']) => void;
  #open = 2;

  constructor(socket: Socket, reply: Reply, tunnel: Tunnel, over: (how: End['how']) => void) {
    this.socket = socket;
    this.#over = over;
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.write(headOf(reply), 'latin1');
    this.#in = pump(readableSource(socket), tunnel.sink, (how) =>
      this.#ended(how, how instanceof BrokenSink ? 'upstreamBroke' : 'callerLeft'),
    );
    this.#out = pump(tunnel.source, writableSink(socket), (how) =>
      this.#ended(how, how instanceof BrokenSink ? 'callerLeft' : 'upstreamBroke'),
    );
  }

  get bytesIn(): number {
    return this.#in.bytes;
  }

  get bytesOut(): number {
    return this.#out.bytes;
  }

  /** Bytes that wait in it, of both directions. */
  get held(): number {
    return this.#in.held + this.#out.held;
  }

  cut(): void {
    this.#break(new Error('cut'));
    this.#over('cut');
  }

  /** One direction that ends leaves the other open; one that breaks takes the other with it. */
  #ended(how: Pumped, broke: End['how']): void {
    if (how === 'complete') {
      this.#open -= 1;
      if (this.#open === 0) this.#over('complete');
      return;
    }
    // The flows are assigned by the time that any of them can break: sources never push while they start.
    queueMicrotask(() => this.#break(how));
    this.#over(broke);
  }

  #break(reason: Error): void {
    this.#in.cut(reason);
    this.#out.cut(reason);
    this.socket.destroy();
  }
}

function headOf(reply: Reply): string {
  const lines = reply.headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n${lines.join('')}\r\n`;
}
