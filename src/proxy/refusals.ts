import type { Duplex } from 'node:stream';
import { newCallId, type Emit, type FailureCode, type VerifiedPeer } from '../call/index.ts';
import type { Clock } from '../lib/index.ts';
import { rawAnswer } from './answer.ts';
import { RefusedSockets } from './refused-socket.ts';

/** What is known of a connection that may not speak to us. */
export interface RefusedFacts {
  readonly code: FailureCode;
  readonly detail: string;
  readonly address: string;
  readonly claimedId?: string | undefined;
  readonly serial?: string | undefined;
  /** Whether all that was verified; the default is that nothing was. */
  readonly verified?: boolean;
}

const AT_ONCE = 256;

/** The connections that are refused: each is recorded, and told why where that is still possible. */
export class Refusals {
  readonly #now: Clock;
  readonly #emit: Emit;
  readonly #sockets = new RefusedSockets(AT_ONCE);

  constructor(now: Clock, emit: Emit) {
    this.#now = now;
    this.#emit = emit;
  }

  /** Records a connection that may not speak to us, and tells it why after its first bytes. */
  tell(socket: Duplex, facts: RefusedFacts): void {
    const id = this.record(facts);
    this.#sockets.take(socket, rawAnswer({ code: facts.code, id, missingScopes: [] }));
  }

  /** Records a connection that ended, or ends, without being told; gives the ID of the record. */
  record(facts: RefusedFacts): string {
    const id = newCallId();
    const { code, detail, address, claimedId, serial, verified = false } = facts;
    const connection = { id, time: this.#now(), code, detail, address, claimedId, serial };
    this.#emit({ kind: 'refused-connection', connection, verified });
    return id;
  }

  destroyAll(): void {
    this.#sockets.destroyAll();
  }
}

/** Of a peer that was let in and is refused all the same. */
export function factsOf(peer: VerifiedPeer, code: FailureCode, detail: string): RefusedFacts {
  const { address, serial, spiffeId } = peer;
  return { code, detail, address, serial, claimedId: spiffeId.toString(), verified: true };
}
