import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AskedUpgrade } from './asked-upgrade.ts';

/** A request as the parser brings it. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The caller sends its body only after `100 Continue`. */
  readonly awaitsContinue: boolean;
  /** Set if the caller wants to change the protocol. */
  readonly upgrade: AskedUpgrade | undefined;
}
