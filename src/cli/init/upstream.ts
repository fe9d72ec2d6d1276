import { relative, resolve, sep } from 'node:path';
import { OperatorFault } from '../../lib/index.ts';
import { isLocal, parseUpstream, showTarget } from '../../upstream/index.ts';

/** The upstream as it is to stand in a configuration in `folder`; a relative socket was meant from `cwd`. */
export function upstreamFor(
  text: string,
  { cwd, folder }: { cwd: string; folder: string },
): string {
  const target = parseUpstream(text);
  if (typeof target === 'string')
    throw new OperatorFault(`--upstream '${text}' ${target}`, 'Write e.g. http://127.0.0.1:3000');
  if (!isLocal(target))
    throw new OperatorFault(
      `--upstream ${text} is on another machine, and plain HTTP to it could be read and changed on the way`,
      'Put the sidecar beside its agent: 127.0.0.1, or unix:/path/to.sock',
    );
  if (target.kind === 'tcp' || target.path.startsWith(sep)) return showTarget(target);
  return `unix:${relative(folder, resolve(cwd, target.path))}`;
}
