import type { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';
import type { Refusal, VerifiedPeer } from '../call/index.ts';
import { DialFault } from './failure.ts';
import { Line, type OpenLine, type SocketSlot } from './line.ts';

/** A connection to somebody else's server. `peer` is undefined where no SPIFFE ID is asked for. */
export interface Dialled {
  readonly socket: Socket;
  readonly peer: VerifiedPeer | undefined;
}

/**
 * Connects and verifies; whoever gets a connection may send on it at once. Calls back exactly once, and never with a
 * connection whose other end is not who it must be.
 */
export type Dial = (done: (dialled: Dialled | Refusal) => void) => void;

/** Why a connection that was verified once may not carry another call; undefined if it may. */
export type StillGood = (peer: VerifiedPeer) => Refusal | undefined;

interface PeerSlot extends SocketSlot {
  peer: VerifiedPeer | undefined;
}

/** A place of the pool whose other end has shown who it is. */
export class PeerLine extends Line {
  readonly #slot: PeerSlot;
  readonly #stillGood: StillGood;

  constructor(origin: string, options: Client.Options, slot: PeerSlot, stillGood: StillGood) {
    super(origin, options, slot);
    this.#slot = slot;
    this.#stillGood = stillGood;
  }

  /** Whom the connection in use leads to. */
  get peer(): VerifiedPeer | undefined {
    return this.#slot.peer;
  }

  /** Before every call: a certificate may have ended, or been revoked, since the connection was made. */
  override dispatch(
    options: Dispatcher.DispatchOptions,
    user: Dispatcher.DispatchHandler,
  ): boolean {
    const { socket, peer } = this.#slot;
    const fault = peer === undefined ? undefined : this.#stillGood(peer);
    // Without an error, undici makes a new one, on which everything is asked from the beginning.
    if (fault !== undefined) socket?.destroy();
    return super.dispatch(options, user);
  }
}

export function peerLines(dial: Dial, stillGood: StillGood = () => undefined): OpenLine {
  return (origin, options) => {
    const slot: PeerSlot = { socket: undefined, peer: undefined };
    const connect: Client.Options['connect'] = (_to, done) =>
      dial((dialled) => {
        if (!('socket' in dialled)) return done(new DialFault(dialled), null);
        slot.socket = dialled.socket;
        slot.peer = dialled.peer;
        done(null, dialled.socket);
      });
    return new PeerLine(origin, { ...options, connect }, slot, stillGood);
  };
}
