import { LastWords, report, runCli, type Terminal } from './cli/index.ts';
import { systemClock } from './lib/index.ts';

const LAST_WORDS = 2000;

const lastWords = new LastWords();
const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  outIsTTY: process.stdout.isTTY,
  errIsTTY: process.stderr.isTTY,
  columns: process.stdout.columns || 80,
  now: systemClock,
  signals: process,
  lastWords,
};

// Whoever reads may stop reading (`| head`): that is no fault of the command.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

// What nobody caught, a rejection included, ends the process: going on in a state that nobody foresaw could let
// somebody through. What else breaks while it ends adds nothing.
process.once('uncaughtException', (error) => {
  process.on('uncaughtException', () => undefined);
  void lastWords.say(LAST_WORDS).then(() => {
    report(terminal, error);
    process.exit(1);
  });
});

process.exitCode = await runCli(process.argv.slice(2), terminal);
