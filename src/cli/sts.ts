import { Command } from 'commander';
import { serve, startTokenServer } from '../app/index.ts';
import { loadStsConfig } from '../config/index.ts';
import { DEFAULT_STS_CONFIG } from './defaults.ts';
import { withExamples } from './example.ts';
import { atCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

export function stsCommand(terminal: Terminal): Command {
  const command = new Command('sts')
    .description(
      'Runs the token service until SIGTERM or Ctrl-C: it gives the agents of a policy access tokens that are bound to their certificates, and exchanges those that they were handed. SIGHUP reads keys, certificates, trust and policy anew.',
    )
    .option('--config <file>', 'its configuration', DEFAULT_STS_CONFIG)
    .action((flags: { readonly config: string }) => run(terminal, flags.config));
  return withExamples(command, 'sidegate sts', 'sidegate sts --config /etc/sidegate/sts.yaml');
}

async function run(terminal: Terminal, name: string): Promise<void> {
  const file = atCwd(terminal, name);
  const config = loadStsConfig(file);
  const { now, signals, lastWords, errIsTTY, env } = terminal;
  const output = {
    write: (text: string) => terminal.err(text),
    terminal: errIsTTY,
    colours: errIsTTY && env.NO_COLOR === undefined,
  };
  await serve(async (stop) => {
    const server = await startTokenServer({ config, output, now, file, stop });
    lastWords.add(() => server.breakOff());
    return server;
  }, signals);
}
