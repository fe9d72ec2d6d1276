import type { Socket } from 'node:net';
import { Client, buildConnector, type Dispatcher } from 'undici';
import type { UpstreamTarget } from './target.ts';

/** What a call finds out about the connection that it travels on. */
export interface LineUser extends Dispatcher.DispatchHandler {
  line: Line | undefined;
}

/** One place of the pool: a client with at most one connection, and one call on it at a time. */
export class Line extends Client {
  readonly #sockets: SocketSlot;
  #lastUsed: Socket | undefined = undefined;

  constructor(origin: string, options: Client.Options, sockets: SocketSlot) {
    super(origin, options);
    this.#sockets = sockets;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    user: Dispatcher.DispatchHandler,
  ): boolean {
    (user as LineUser).line = this;
    return super.dispatch(options, user);
  }

  /** The connection that is in use now, and whether an earlier call was on it. */
  use(): { readonly socket: Socket | undefined; readonly reused: boolean } {
    const { socket } = this.#sockets;
    const reused = socket !== undefined && socket === this.#lastUsed;
    this.#lastUsed = socket;
    return { socket, reused };
  }
}

/** Where a line finds the connection that it has now. */
export interface SocketSlot {
  socket: Socket | undefined;
}

export type OpenLine = (origin: string, options: Client.Options) => Line;

/** How lines to one target are opened. */
export function lineFactory(target: UpstreamTarget, connectTimeout: number): OpenLine {
  const connect = buildConnector({
    timeout: connectTimeout,
    allowH2: false,
    // An upgraded connection may be closed in one direction and still carry the other.
    allowHalfOpen: true,
    ...(target.kind === 'unix' ? { socketPath: target.path } : {}),
  });
  return (origin, options) => {
    const slot: SocketSlot = { socket: undefined };
    const connector: buildConnector.connector = (to, done) => {
      connect(to, (...[error, socket]) => {
        slot.socket = socket ?? undefined;
        if (error === null) done(null, socket);
        else done(error, null);
      });
    };
    return new Line(origin, { ...options, connect: connector }, slot);
  };
}
