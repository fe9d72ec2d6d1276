import type { Socket } from 'node:net';
import {
  BrokenSink,
  pump,
  writableSink,
  type End,
  type Flow,
  type Headers,
  type Reply,
  type ReplyBody,
  type Source,
} from '../call/index.ts';
import type { Asked } from './asked.ts';
import { Tunnelled } from './tunnelled.ts';

/** What an answer tells of itself; that the caller has all of it, or left, is told by the response. */
export interface AnswerEvents {
  /** The agent broke it off. */
  readonly onBroken: () => void;
  readonly onTunnelOver: (how: End['how']) => void;
}

/** The answer to one request on its way, by `node:http` or, if the protocol changes, on the bare connection. */
export class HttpAnswer {
  readonly #asked: Asked;
  readonly #events: AnswerEvents;
  #flow: Flow | undefined;
  #tunnel: Tunnelled | undefined;
  #fixed = 0;

  constructor(asked: Asked, events: AnswerEvents) {
    this.#asked = asked;
    this.#events = events;
  }

  /** Bytes of the body so far, or of the tunnel. */
  get bytesOut(): number {
    return this.#tunnel?.bytesOut ?? this.#flow?.bytes ?? this.#fixed;
  }

  /** Bytes that came through the tunnel; undefined if there is none. */
  get bytesIn(): number | undefined {
    return this.#tunnel?.bytesIn;
  }

  /** What the connection has handed to the system, while more waits for the caller to take it; else undefined. */
  get taken(): number | undefined {
    const socket = this.#tunnel?.socket ?? this.#asked.response.socket;
    if (socket === null || socket.writableLength === 0) return undefined;
    return socket.bytesWritten - socket.writableLength;
  }

  /** Bytes that are kept here: of the answer and, where the connection is its own, of what was read from that. */
  get held(): number {
    const { response, upgrade } = this.#asked;
    if (this.#tunnel !== undefined) return this.#tunnel.held;
    const unread = unreadOf(response.socket) + (upgrade?.held ?? 0);
    return unread + (this.#flow?.held ?? response.writableLength);
  }

  /** @throws Error for what cannot be put on the wire */
  write(reply: Reply): void {
    const { response } = this.#asked;
    const { body } = reply;
    response.writeHead(reply.status, flat(reply.headers));
    if (body.kind === 'source') this.#stream(body.source);
    else if (body.kind === 'bytes') this.#writeBytes(body.bytes);
    else response.end();
  }

  /** Leaves HTTP behind. */
  switch(reply: Reply): void {
    const { upgrade, response } = this.#asked;
    if (upgrade === undefined || reply.body.kind !== 'tunnel')
      throw new TypeError('a tunnel answers a request to change the protocol');
    const socket = upgrade.take();
    response.detachSocket(socket);
    this.#tunnel = new Tunnelled(socket, reply, reply.body.tunnel, this.#events.onTunnelOver);
  }

  /** Takes no more from the agent. */
  stop(): void {
    this.#flow?.cut(new Error('the caller left'));
  }

  cutTunnel(): void {
    this.#tunnel?.cut();
  }

  #stream(source: Source): void {
    const { response } = this.#asked;
    this.#flow = pump(source, writableSink(response), (how) => {
      if (how !== 'complete' && !(how instanceof BrokenSink)) this.#events.onBroken();
    });
    // An event stream's head must not wait for its first event.
    setImmediate(() => {
      if (this.#flow?.bytes === 0) response.flushHeaders();
    });
  }

  #writeBytes(bytes: Uint8Array): void {
    const { request, response } = this.#asked;
    if (request.method === 'HEAD') return void response.end();
    this.#fixed = bytes.length;
    response.end(bytes);
  }
}

/** Lets go of an answer that nobody is there to get. */
export function discard(body: ReplyBody, reason: Error): void {
  if (body.kind === 'source') body.source.cancel(reason);
  if (body.kind !== 'tunnel') return;
  body.tunnel.source.cancel(reason);
  body.tunnel.sink.fail(reason);
}

function unreadOf(socket: Socket | null): number {
  return socket?.readableLength ?? 0;
}

function flat(headers: Headers): string[] {
  const list: string[] = [];
  for (const [name, value] of headers) list.push(name, value);
  return list;
}
