export { LastWords } from './last-words.ts';
export { runCli } from './cli.ts';
export { ExitWith } from './exit-with.ts';
export { report } from './report.ts';
export type { ProcessSignal, Signals, Terminal } from './terminal.ts';
