import {
  Refusal,
  failed,
  type Emit,
  type FailureCode,
  type OutboundCall,
} from '../../call/index.ts';
import type { PeerExchange } from '../../upstream/index.ts';
import type { Exchange } from '../exchange.ts';
import type { PeerWay } from './hall.ts';

/** Milliseconds on the clock that only goes forward. */
const BEGUN_AFTER = 1000;

/** A call that is on its way out, and what it goes by once that is known. */
export interface LiveOutbound {
  readonly call: Readonly<OutboundCall>;
  readonly exchange: Exchange;
  begun: boolean;
  way: PeerWay | undefined;
  exchangeWithPeer: PeerExchange | undefined;
}

/** The calls on their way out. Each is asked about anew once a second, as those on the way in are. */
export class LiveOutbounds {
  readonly #calls = new Set<LiveOutbound>();
  readonly #emit: Emit;
  #emptied: (() => void) | undefined;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  get size(): number {
    return this.#calls.size;
  }

  add(call: Readonly<OutboundCall>, exchange: Exchange): LiveOutbound {
    const live = { call, exchange, begun: false, way: undefined, exchangeWithPeer: undefined };
    this.#calls.add(live);
    this.#emit({ kind: 'live-outbound', open: this.#calls.size });
    return live;
  }

  remove(live: LiveOutbound): void {
    this.#calls.delete(live);
    this.#emit({ kind: 'live-outbound', open: this.#calls.size });
    if (this.#calls.size === 0) this.#emptied?.();
  }

  /** Announces the long ones and ends those that `still` no longer permits; gives the number of these. */
  review(still: (live: LiveOutbound) => Refusal | undefined): number {
    const tick = performance.now();
    let ended = 0;
    for (const live of this.#calls) {
      if (!live.begun && tick - live.call.tick >= BEGUN_AFTER) {
        live.begun = true;
        this.#emit({ kind: 'outbound-begun', call: live.call });
      }
      const refusal = live.call.refusal === undefined ? still(live) : undefined;
      if (refusal === undefined) continue;
      end(live, refusal);
      ended += 1;
    }
    return ended;
  }

  /** The body of this exchange's call cannot be read on. */
  spoil(exchange: Exchange, code: FailureCode): void {
    for (const live of this.#calls)
      if (live.exchange === exchange)
        end(live, new Refusal(code, 'what came after the head could not be read'));
  }

  cutAll(code: FailureCode): void {
    for (const live of this.#calls) end(live, new Refusal(code));
  }

  /** Resolves when no call is under way. */
  empty(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }
}

/** Tells the agent why if it has no answer yet, and breaks the call off if it has. */
function end({ call, exchange }: LiveOutbound, refusal: Refusal): void {
  failed(call, refusal);
  if (refusal.failure.status === 0) exchange.cut();
  else exchange.stop();
}
