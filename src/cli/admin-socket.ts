import type { Command } from 'commander';
import { OperatorFault } from '../lib/index.ts';
import { DEFAULT_CONFIG } from './defaults.ts';
import { atCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

/** The flags of commands that ask the running sidecar. */
export interface AdminFlags {
  readonly config: string;
  readonly admin?: string;
}

export function withAdminFlags(command: Command): Command {
  return command
    .option('--config <file>', 'where its admin socket is named', DEFAULT_CONFIG)
    .option('--admin <socket>', 'the admin socket itself');
}

/** The socket on which the running sidecar can be asked. */
export async function adminSocket(
  terminal: Terminal,
  { config, admin }: AdminFlags,
): Promise<string> {
  if (admin !== undefined) return atCwd(terminal, admin.replace(/^unix:/, ''));
  const { readConfigFile } = await import('./config-file.ts');
  const listen = readConfigFile(terminal, config).config.admin?.listen;
  if (listen?.kind === 'unix') return listen.path;
  throw new OperatorFault(
    `${config} names no admin socket, so the running sidecar cannot be asked`,
    "Add 'admin: { listen: unix:run/sidegate.sock }' and restart it.",
  );
}
