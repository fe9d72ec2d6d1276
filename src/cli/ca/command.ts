import { Command } from 'commander';
import { withExamples } from '../example.ts';
import type { Terminal } from '../terminal.ts';
import { initCommand } from './init.ts';
import { listCommand } from './list.ts';
import { mintCommand } from './mint.ts';
import { renewCommand } from './renew.ts';
import { revokeCommand } from './revoke.ts';
import { showCommand } from './show.ts';

/** `sidegate ca`: a certificate authority in a folder, for machines without SPIRE or another issuer. */
export function caCommand(terminal: Terminal): Command {
  const command = new Command('ca').description(
    'A certificate authority in a folder: it issues X.509-SVIDs for one trust domain, and nothing else.\nFor development and small installations; where you have SPIRE, use that.',
  );
  const children = [
    initCommand,
    mintCommand,
    renewCommand,
    revokeCommand,
    listCommand,
    showCommand,
  ];
  for (const child of children) command.addCommand(child(terminal));
  return withExamples(command, 'sidegate ca init', 'sidegate ca mint billing', 'sidegate ca list');
}
