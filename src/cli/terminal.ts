import type { Clock } from '../lib/index.ts';
import type { LastWords } from './last-words.ts';

export type ProcessSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

/** The signals of the process. */
export interface Signals {
  on(signal: ProcessSignal, listener: () => void): unknown;
  off(signal: ProcessSignal, listener: () => void): unknown;
}

/** The process as the commands see it; nothing below `main.ts` looks at the real one. */
export interface Terminal {
  /** What the command was asked for, also in a pipe. */
  out(text: string): void;
  /** What is said besides: faults, progress, the lines of `run`. */
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Whether a person sees what `out` writes, and what `err` does. */
  readonly outIsTTY: boolean;
  readonly errIsTTY: boolean;
  readonly columns: number;
  readonly now: Clock;
  readonly signals: Signals;
  readonly lastWords: LastWords;
}
