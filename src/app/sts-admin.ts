import { OperatorFault } from '../lib/index.ts';
import type { AdminHandlers, TaskGrantsReport } from '../status/index.ts';
import type { TaskGrants } from '../sts/index.ts';
import { killHandlers, type KillParts } from './kill-handlers.ts';
import type { StsReloader } from './sts-sources.ts';

/** What the operator's questions to the token service are about. */
export interface StsOperated extends KillParts {
  readonly reloader: StsReloader;
  readonly tasks: TaskGrants;
}

/** What the operator may ask the token service over its admin socket. */
export function stsHandlers(operated: StsOperated): AdminHandlers {
  const { reloader, tasks, inbound, telemetry } = operated;
  return {
    ...killHandlers(operated),
    'POST /reload': () => ({
      reloaded: reloader.all(),
      digest: inbound.sources.policy.current.digest,
    }),
    'GET /grants': (): TaskGrantsReport => ({
      grants: tasks.list.map(({ actors, since, expiresAt, ...grant }) => ({
        ...grant,
        through: actors.map(({ subject }) => subject),
        since: isoTime(since),
        expires: isoTime(expiresAt),
      })),
    }),
    'POST /revoke': (query) => {
      const id = query.get('id') ?? '';
      const by = query.get('by') ?? 'unknown';
      if (!tasks.revoke(id))
        throw new OperatorFault(
          'no live task grant has that ID',
          'See those that live: sidegate grants list',
        );
      const message = `the task grant ${id} is revoked, says ${by.slice(0, 64)}`;
      telemetry.emit({ kind: 'log', level: 'warn', message });
      return { revoked: id };
    },
  };
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
