import { pino } from 'pino';
import { OperatorFault, type Clock } from '../lib/index.ts';
import { harmlessJson, printable, printableLines } from './printable.ts';

export type Level = 'info' | 'warn' | 'error';

/** Where people or log collectors read: the standard error of the process. */
export interface Output {
  readonly write: (text: string) => void;
  /** Whether a person is looking: readable lines, else JSON. */
  readonly terminal: boolean;
  readonly colours: boolean;
}

/** The process log. Lines are about the process; what happened to calls is in the audit. */
export type Log = (level: Level, message: string, more?: LogDetails) => void;

export interface LogDetails {
  readonly cause?: unknown;
  /** Plain values for machines; a terminal shows the message alone. */
  readonly fields?: Readonly<Record<string, string | number | undefined>>;
}

export function createLog(output: Output, now: Clock): Log {
  return output.terminal ? readableLog(output, now) : jsonLog(output, now);
}

function jsonLog(output: Output, now: Clock): Log {
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: plainError },
    },
    { write: (line) => output.write(harmlessJson(line)) },
  );
  return (level, message, { cause, fields } = {}) => {
    const err = cause === undefined ? {} : { err: cause };
    logger[level]({ ...fields, ...err }, message);
  };
}

/** What a log may keep of an error: never the stack, which says nothing to an operator and much about the machine. */
function plainError(cause: unknown): object {
  if (!(cause instanceof Error)) return { type: typeof cause, message: messageOf(cause) };
  const remedy = cause instanceof OperatorFault ? { remedy: cause.remedy } : {};
  const code = 'code' in cause ? { code: String(cause.code) } : {};
  return { type: cause.name, message: cause.message, ...code, ...remedy };
}

const COLOURS: Readonly<Record<Level, string>> = { info: '36', warn: '33', error: '31' };

function readableLog(output: Output, now: Clock): Log {
  return (level, message, { cause } = {}) => {
    const time = new Date(now()).toTimeString().slice(0, 8);
    const name = level.padEnd(5);
    const shown = output.colours ? `\u001b[${COLOURS[level]}m${name}\u001b[0m` : name;
    output.write(`${time} ${shown} ${printableLines(message)}${readableCause(cause)}\n`);
  };
}

function readableCause(cause: unknown): string {
  if (cause === undefined) return '';
  if (cause instanceof OperatorFault) return `\n  ${printableLines(cause.render())}`;
  return `: ${printable(messageOf(cause))}`;
}

function messageOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : 'something that is no error was thrown';
}
