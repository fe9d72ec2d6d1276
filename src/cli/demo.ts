import { Command } from 'commander';
import { JSON_HELP } from './defaults.ts';
import { delegationCommand } from './demo/delegation/command.ts';
import { coloured, drawHead, drawRow, drawSummary, plain } from './demo/draw.ts';
import { play, type Played, type PlayedCall } from './demo/play.ts';
import { DEMO_POLICY } from './demo/policy.ts';
import { untilStopped } from './demo/until-stopped.ts';
import { withExamples } from './example.ts';
import { ExitWith } from './exit-with.ts';
import { printJson } from './json.ts';
import type { Terminal } from './terminal.ts';

interface DemoFlags {
  readonly json?: true;
}

export function demoCommand(terminal: Terminal): Command {
  const command = new Command('demo')
    .description(
      'Starts a real sidecar in a temporary folder and shows by real TLS connections where nine kinds of calls end, the forged, the expired and the greedy ones included. Leaves nothing behind. Exit code 1 if any ends otherwise than it should.',
    )
    .option('--json', JSON_HELP)
    .action((flags: DemoFlags) => demo(terminal, flags))
    .addCommand(delegationCommand(terminal));
  return withExamples(command, 'sidegate demo', 'sidegate demo delegation', 'sidegate demo --json');
}

async function demo(terminal: Terminal, flags: DemoFlags): Promise<void> {
  const played = await untilStopped(terminal, (signal) =>
    flags.json === true
      ? play({ now: terminal.now, signal, lastWords: terminal.lastWords })
      : playAloud(terminal, signal),
  );
  if (flags.json === true) printJson(terminal, plainPlayed(played));
  if (!played.ok) throw new ExitWith(1);
}

async function playAloud(terminal: Terminal, signal: AbortSignal): Promise<Played> {
  const inColour = terminal.outIsTTY && terminal.env.NO_COLOR === undefined;
  const paint = inColour ? coloured : plain;
  const played = await play({
    now: terminal.now,
    lastWords: terminal.lastWords,
    signal,
    ready: ({ port }) => terminal.out(drawHead(DEMO_POLICY, port, paint)),
    show: (row) => terminal.out(drawRow(row, paint)),
  });
  terminal.out(drawSummary(played, paint));
  return played;
}

function plainPlayed({ rows, faults, ok }: Played): object {
  return {
    ok,
    rows: rows.map((row) => ({ ...row, calls: row.calls.map(plainCall) })),
    faults,
  };
}

function plainCall(call: PlayedCall): object {
  const { attempt, ended, answer, gates, received, audit, faults } = call;
  const { caller, method, path, headers, expected } = attempt;
  return {
    caller,
    method,
    path,
    headers,
    id: answer?.id,
    ended,
    gates,
    agentReceived: received,
    auditLines: audit,
    expected,
    faults,
  };
}
