/** What can be wrong with an audit. Scripts read these words. */
export type FaultCode =
  | 'changed'
  | 'missing'
  | 'reordered'
  | 'duplicate'
  | 'foreign'
  | 'torn'
  | 'begin'
  | 'end'
  | 'signature'
  | 'certificate'
  | 'signer';

/** Where a line stands. `seq` is what it says itself. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly seq: number | undefined;
}

export interface Finding {
  readonly at: Place;
  /** One sentence, to be read after the place. */
  readonly message: string;
}

export interface Fault extends Finding {
  readonly code: FaultCode;
  /** What it means, or what to do. */
  readonly remedy: string;
}

export interface Verification {
  readonly intact: boolean;
  readonly lines: number;
  /** Of the first and the last line of the chain. */
  readonly firstSeq: number | undefined;
  readonly lastSeq: number | undefined;
  /** The last line that a good head vouches for. */
  readonly signedSeq: number | undefined;
  readonly heads: number;
  /** Lines that the sidecar says it could not record. */
  readonly dropped: number;
  /** Who signed, as its certificate says. */
  readonly signer: string | undefined;
  /** At most 20; there may be more. */
  readonly faults: readonly Fault[];
  /** What is worth knowing and no fault. */
  readonly notes: readonly Finding[];
}

const MOST = 20;

/** What was found so far, bounded: a file that is wrong throughout must not fill the memory. */
export class Findings {
  readonly faults: Fault[] = [];
  readonly notes: Finding[] = [];
  broken = false;

  fault(code: FaultCode, at: Place, message: string, remedy: string): void {
    this.broken = true;
    if (this.faults.length < MOST) this.faults.push({ code, at, message, remedy });
  }

  note(at: Place, message: string): void {
    if (this.notes.length < MOST) this.notes.push({ at, message });
  }
}
