import { OperatorFault } from '../lib/index.ts';
import { canonicalTarget } from '../proxy/index.ts';
import { why, type AdminHandlers } from '../status/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Inbound } from './inbound.ts';
import type { Reloader } from './reloader.ts';

/** What the operator may ask over the admin socket. */
export function adminHandlers(
  telemetry: Telemetry,
  inbound: Inbound,
  reloader: Reloader,
): AdminHandlers {
  return {
    'POST /reload': () => ({ reloaded: reloader.all(), digest: inbound.policy.current.digest }),
    'GET /why': (query) => {
      const id = query.get('id') ?? 'last-denial';
      const found = telemetry.recent.find(id);
      if (found.kind === 'found')
        return why(found.entry, { policy: inbound.policy.current, meaningOf });
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
