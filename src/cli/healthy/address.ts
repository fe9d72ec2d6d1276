import { dirname, resolve } from 'node:path';
import { readText } from '../../files/index.ts';
import { OperatorFault, parseListen, readYaml, type Listen } from '../../lib/index.ts';
import { atCwd } from '../paths.ts';
import type { Terminal } from '../terminal.ts';

const VARIABLE = 'SIDEGATE_STATUS_LISTEN';
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Where to ask: `--status`, else the variable, else `status.listen` of the file, in the order in which `run` reads them.
 * The rest of the file is `check`'s business.
 *
 * @throws OperatorFault if there is no status server to ask
 */
export function statusAddress(
  terminal: Terminal,
  flags: { readonly config: string; readonly status?: string },
): Listen {
  const outside = flags.status ?? terminal.env[VARIABLE];
  const origin = flags.status === undefined ? VARIABLE : '--status';
  if (outside !== undefined) return toAsk(outside, origin, terminal.cwd);
  const file = atCwd(terminal, flags.config);
  return toAsk(listenIn(file), `status.listen in ${file}`, dirname(file));
}

function toAsk(text: string, origin: string, folder: string): Listen {
  const listen = parseListen(text);
  if (listen === undefined)
    throw new OperatorFault(`${origin} is no address: '${text}'`, 'Write e.g. 127.0.0.1:9464.');
  if (listen.kind === 'unix') return { kind: 'unix', path: resolve(folder, listen.path) };
  // Listening on every address is no address to connect to.
  return { ...listen, host: EVERYWHERE[listen.host] ?? listen.host };
}

function listenIn(file: string): string {
  const text = readText(file, {
    what: 'the configuration',
    ifMissing: 'Name it with --config, or the status server with --status.',
  });
  const { value } = readYaml(text, file);
  const listen = get(get(value, 'status'), 'listen');
  if (typeof listen === 'string') return listen;
  throw new OperatorFault(
    `${file} has no status server, so nobody can be asked`,
    'Add: status: { listen: 127.0.0.1:9464 }',
  );
}

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
