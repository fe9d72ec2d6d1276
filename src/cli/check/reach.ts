import { OperatorFault, parseListen, renderListen, type Listen } from '../../lib/index.ts';
import { isLocal, type UpstreamTarget } from '../../upstream/index.ts';
import { connection } from './connection.ts';
import { right, warning, wrong, type Finding } from './finding.ts';
import { checkSocketReach } from './reach-socket.ts';

type Tcp = Extract<Listen, { kind: 'tcp' }>;
type Target = Pick<Tcp, 'host' | 'port'>;

export interface ReachOptions {
  readonly upstream: UpstreamTarget;
  /** Our own door, which may well have the agent's port on another address. */
  readonly listen: Listen;
  /** Addresses of this machine that others can connect to. */
  readonly addresses: readonly string[];
}

const WHAT = 'reach';

/** Tries to come to the configured agent as others could: past the sidecar. Every way that works is a fault. */
export async function checkReach(options: ReachOptions): Promise<readonly Finding[]> {
  const { upstream } = options;
  if (upstream.kind === 'unix') return checkSocketReach(upstream.path);
  if (!isLocal(upstream)) return checkTargets([{ ...upstream, host: bare(upstream.host) }]);
  const { port } = upstream;
  const targets = options.addresses
    .map((host) => ({ host, port }))
    .filter((target) => !isOurs(target, options.listen));
  const found = await Promise.all(targets.map((target) => tried(target, LISTEN_LOCALLY)));
  const open = found.filter(({ result }) => result === 'wrong');
  if (open.length > 0) return open;
  const asked = targets.map(shown).join(', ');
  return [
    right(
      WHAT,
      asked === ''
        ? 'this machine has no address but its own loopback'
        : `the agent cannot be reached at ${asked}`,
    ),
    warning(
      WHAT,
      `whatever runs on this machine, or in this pod, can connect to port ${port} and walk round the sidecar`,
      'Put the agent on a Unix socket that only the sidecar may open: unix:/run/agent/agent.sock.',
    ),
  ];
}

/** Addresses that somebody named, perhaps from another machine: nobody may take connections there. */
export async function checkTargets(targets: readonly Target[]): Promise<readonly Finding[]> {
  return Promise.all(targets.map((target) => tried(target, CLOSE_IT)));
}

/** @throws OperatorFault if it is not `host:port` */
export function readTarget(text: string): Target {
  const listen = parseListen(text);
  if (listen?.kind === 'tcp' && listen.port > 0) return listen;
  throw new OperatorFault(
    `'${text}' is no address to try`,
    'Write the host and port at which the agent must not be reachable: --reach 10.0.0.5:3000.',
  );
}

const LISTEN_LOCALLY =
  'Have the agent listen on a Unix socket, or on 127.0.0.1, instead of on every address.';
const CLOSE_IT =
  'Have the agent listen where only its sidecar is, and close this way with a firewall or a NetworkPolicy.';

async function tried(target: Target, remedy: string): Promise<Finding> {
  const code = await connection(target);
  if (code === undefined)
    return wrong(
      WHAT,
      `${shown(target)} takes connections from here: whoever can do the same walks round the sidecar`,
      remedy,
    );
  return right(WHAT, `${shown(target)} cannot be reached from here (${REASONS[code] ?? code})`);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'there is no way there',
  ENETUNREACH: 'there is no way there',
  ENOTFOUND: 'this name has no address',
  SILENCE: 'it does not answer',
};

function isOurs({ host, port }: Target, inbound: Listen): boolean {
  return inbound.kind === 'tcp' && inbound.port === port && inbound.host === host;
}

function shown({ host, port }: Target): string {
  return renderListen({ kind: 'tcp', host, port });
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
