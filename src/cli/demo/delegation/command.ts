import { Command } from 'commander';
import { JSON_HELP } from '../../defaults.ts';
import { withExamples } from '../../example.ts';
import { ExitWith } from '../../exit-with.ts';
import { printJson } from '../../json.ts';
import type { Terminal } from '../../terminal.ts';
import { coloured, plain } from '../draw.ts';
import { untilStopped } from '../until-stopped.ts';
import { drawAct, drawActsHead, drawActsSummary } from './draw.ts';
import { playActs, type PlayedActs } from './play.ts';

interface Flags {
  readonly json?: true;
}

export function delegationCommand(terminal: Terminal): Command {
  const command = new Command('delegation')
    .summary('the confused deputy, and where it ends')
    .description(
      "Starts three sidecars and a token service in a temporary folder and shows how alice's authority travels with her call, and where every attempt to get more of it ends. Leaves nothing behind. Exit code 1 if any ends otherwise than it should.",
    )
    .option('--json', JSON_HELP)
    // The command above has a --json of its own, and takes this one for that.
    .action((_, self: Command) => demo(terminal, self.optsWithGlobals<Flags>()));
  return withExamples(command, 'sidegate demo delegation', 'sidegate demo delegation --json');
}

async function demo(terminal: Terminal, { json }: Flags): Promise<void> {
  const played = await untilStopped(terminal, (signal) =>
    json === true
      ? playActs({ now: terminal.now, signal, lastWords: terminal.lastWords })
      : playAloud(terminal, signal),
  );
  if (json === true) printJson(terminal, played);
  if (!played.ok) throw new ExitWith(1);
}

async function playAloud(terminal: Terminal, signal: AbortSignal): Promise<PlayedActs> {
  const inColour = terminal.outIsTTY && terminal.env.NO_COLOR === undefined;
  const paint = inColour ? coloured : plain;
  terminal.out(drawActsHead(paint));
  const played = await playActs({
    now: terminal.now,
    lastWords: terminal.lastWords,
    signal,
    show: (act) => terminal.out(drawAct(act, paint)),
  });
  terminal.out(drawActsSummary(played, paint));
  return played;
}
