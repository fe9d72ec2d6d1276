import { showTarget, type UpstreamTarget } from '../../upstream/index.ts';
import { connection } from './connection.ts';
import { right, wrong, type Finding } from './finding.ts';

/** Does anybody take connections there? Nothing is sent. */
export async function checkUpstream(target: UpstreamTarget): Promise<Finding> {
  const place = showTarget(target);
  const code = await connection(
    target.kind === 'unix'
      ? { path: target.path }
      : { host: target.host.replace(/^\[(.*)\]$/, '$1'), port: target.port },
  );
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
