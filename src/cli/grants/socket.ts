import type { Command } from 'commander';
import { loadStsConfig } from '../../config/index.ts';
import { OperatorFault } from '../../lib/index.ts';
import { DEFAULT_STS_CONFIG } from '../defaults.ts';
import { atCwd } from '../paths.ts';
import type { Terminal } from '../terminal.ts';

/** The flags of commands that ask the running token service. */
export interface SocketFlags {
  readonly config: string;
  readonly admin?: string;
  readonly json?: true;
}

export function withSocketFlags(command: Command): Command {
  return command
    .option('--config <file>', 'where its admin socket is named', DEFAULT_STS_CONFIG)
    .option('--admin <socket>', 'the admin socket itself');
}

/** The socket on which the running token service can be asked. */
export function stsSocket(terminal: Terminal, { config, admin }: SocketFlags): string {
  if (admin !== undefined) return atCwd(terminal, admin.replace(/^unix:/, ''));
  const listen = loadStsConfig(atCwd(terminal, config)).admin?.listen;
  if (listen?.kind === 'unix') return listen.path;
  throw new OperatorFault(
    `${config} names no admin socket, so the running token service cannot be asked`,
    "Add 'admin: { listen: unix:run/sts.sock }' and restart it.",
  );
}
