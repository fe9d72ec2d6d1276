import { call, type Target } from './call.ts';
import type { Pass, Passes } from './credentials.ts';
import { anyKind } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import { sleep } from './options.ts';

/** Calls in a hundred that come with something other than the agent's own good certificate. */
const INTRUDERS = 6;

/** One agent at work: call after call, on kept and on fresh connections, until `open` says no. */
export async function work(
  agent: string,
  { target, passes, ledger }: { target: Target; passes: Passes; ledger: Ledger },
  { pause, open }: { pause: number; open: () => boolean },
): Promise<void> {
  // Not all at once: a storm of first handshakes is another test.
  await sleep(Math.random() * pause * 10);
  while (open()) {
    const intruder = Math.random() * 100 < INTRUDERS;
    const pass = intruder ? strange(agent, passes) : passes.of(agent);
    const kind = anyKind();
    const outcome = await call(target, kind, pass, intruder || Math.random() < 0.2);
    ledger.enter(kind, pass, outcome);
    if (intruder) pass.connections.destroy();
    await sleep(Math.random() * pause * 2);
  }
}

/** Somebody else, or the same with what is worth nothing. */
function strange(agent: string, passes: Passes): Pass {
  switch (Math.floor(Math.random() * 5)) {
    case 0:
      return passes.foreign(agent);
    case 1:
      return passes.none(agent);
    case 2:
      return passes.issue(agent, -2000);
    case 3:
      return passes.dropped ?? passes.foreign(agent);
    default:
      return passes.issue('nobody', 60_000);
  }
}
