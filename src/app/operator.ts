import { OperatorFault } from '../lib/index.ts';
import { canonicalTarget } from '../call/index.ts';
import { why, type AdminHandlers } from '../status/index.ts';
import { killHandlers, type KillParts } from './kill-handlers.ts';
import type { Reloader } from './reloader.ts';

/** What the operator's questions are about. */
export interface Operated extends KillParts {
  readonly reloader: Reloader;
}

/** What the operator may ask over the admin socket. */
export function adminHandlers(operated: Operated): AdminHandlers {
  const { telemetry, inbound, reloader } = operated;
  return {
    ...killHandlers(operated),
    'POST /reload': () => ({
      reloaded: reloader.all(),
      digest: inbound.sources.policy.current.digest,
    }),
    'GET /why': (query) => {
      const id = query.get('id') ?? 'last-denial';
      const found = telemetry.recent.find(id);
      if (found.kind === 'found')
        return why(found.entry, { policy: inbound.sources.policy.current, meaningOf });
      if (found.kind === 'ambiguous')
        throw new OperatorFault(
          `more than one call begins ${id}: ${found.ids.slice(0, 5).join(', ')}`,
          'Give more of the ID.',
        );
      throw id.startsWith('last')
        ? new OperatorFault(
            id === 'last' ? 'there was no call yet' : 'nothing was denied yet',
            'Make a call, then ask again.',
          )
        : new OperatorFault(
            `no call of the last hour has an ID that begins ${id}`,
            'Give at least four characters of the ID; older calls are in the audit file.',
          );
    },
  };
}

function meaningOf(path: string): string | undefined {
  const target = canonicalTarget(path);
  return 'fault' in target ? undefined : target.meaning;
}
