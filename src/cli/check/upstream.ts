import { connect } from 'node:net';
import { showTarget, type UpstreamTarget } from '../../upstream/index.ts';
import { right, wrong, type Finding } from './finding.ts';

const PATIENCE = 2000;

/** Does anybody take connections there? Nothing is sent. */
export async function checkUpstream(target: UpstreamTarget): Promise<Finding> {
  const place = showTarget(target);
  const code = await connection(target);
  if (code === undefined) return right('upstream', `${place} takes connections`);
  return wrong('upstream', `${place}: ${REASONS[code] ?? `the system said ${code}`}`, REMEDY);
}

const REMEDY = "Start the agent, or correct 'inbound.upstream' in the configuration.";

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  ENOTSOCK: 'it is not a socket',
  ENOTFOUND: 'this name has no address',
  EAI_AGAIN: 'the name cannot be looked up',
  EACCES: 'this user may not connect to it',
  SILENCE: 'it does not answer',
};

/** Undefined, or what stands in the way. */
function connection(target: UpstreamTarget): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket =
      target.kind === 'unix'
        ? connect({ path: target.path })
        : connect({ host: target.host.replace(/^\[(.*)\]$/, '$1'), port: target.port });
    const done = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(PATIENCE, () => done('SILENCE'));
    socket.once('connect', () => done(undefined));
    socket.once('error', (error) => done(codeOf(error)));
  });
}

/** Of several addresses that were tried, the last one's. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return codeOf(error.errors.at(-1));
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
