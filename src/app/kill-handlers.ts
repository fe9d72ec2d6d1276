import { OperatorFault, closest, type Clock } from '../lib/index.ts';
import { agentNameFault, type Policy } from '../policy/index.ts';
import type { KillSwitch } from '../state/index.ts';
import type { AdminHandlers, KilledReport, KillReport } from '../status/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Inbound } from './inbound.ts';
import type { Sources } from './sources.ts';

const MAX_BY = 64;

export interface KillParts {
  readonly telemetry: Telemetry;
  readonly inbound: Pick<Inbound, 'review'> & { readonly sources: Pick<Sources, 'policy'> };
  readonly killSwitch: KillSwitch;
  readonly now: Clock;
}

/** The kill switch over the admin socket. It asks for no policy that loads: it works while the file is broken. */
export function killHandlers(parts: KillParts): AdminHandlers {
  return {
    'POST /kill': (query) => kill(parts, readWish(query)),
    'POST /lift': (query) => lift(parts, readWish(query)),
    'GET /killed': () => killedReport(parts),
  };
}

interface Wish {
  readonly agent: string;
  readonly by: string;
}

function readWish(query: URLSearchParams): Wish {
  const agent = query.get('agent') ?? '';
  const fault = agentNameFault(agent);
  if (fault !== undefined) throw new OperatorFault(`'${agent}' ${fault.message}`, fault.remedy);
  return { agent, by: (query.get('by') ?? '').slice(0, MAX_BY) || 'unknown' };
}

/** First it holds, then it is told and remembered: nothing of that can keep it from holding. */
function kill(parts: KillParts, { agent, by }: Wish): KillReport {
  const { killSwitch, inbound, now } = parts;
  const changed = !killSwitch.has(agent);
  let cut: number;
  try {
    killSwitch.kill(agent, { since: new Date(now()).toISOString(), by });
  } catch (error) {
    if (!(error instanceof OperatorFault)) throw error;
    const message = `${agent} is killed now, but a restart would forget it: ${error.message}`;
    throw new OperatorFault(message, `${error.remedy} Then kill it again.`, { cause: error });
  } finally {
    cut = inbound.review();
    if (changed) tell(parts, 'kill', { agent, by });
  }
  return { agent, killed: true, changed, cut, ...known(inbound.sources.policy.current, agent) };
}

function lift(parts: KillParts, { agent, by }: Wish): KillReport {
  const { killSwitch, inbound } = parts;
  const changed = killSwitch.has(agent);
  if (changed) {
    killSwitch.lift(agent);
    tell(parts, 'lift', { agent, by });
  }
  return { agent, killed: false, changed, cut: 0, ...known(inbound.sources.policy.current, agent) };
}

function killedReport({ killSwitch, inbound }: KillParts): KilledReport {
  const policy = inbound.sources.policy.current;
  const killed = [...killSwitch.list].map(([agent, { since, by }]) => {
    return { agent, since, by, inPolicy: known(policy, agent).inPolicy };
  });
  return { killed };
}

function tell({ telemetry, killSwitch, now }: KillParts, action: 'kill' | 'lift', wish: Wish) {
  telemetry.emit({ kind: 'kill-switch', action, time: now(), ...wish });
  telemetry.emit({ kind: 'killed-agents', count: killSwitch.list.size });
}

function known({ agents }: Policy, agent: string): { inPolicy: boolean; nearest?: string } {
  const names = agents.map(({ name }) => name);
  if (names.includes(agent)) return { inPolicy: true };
  const nearest = closest(agent, names);
  return { inPolicy: false, ...(nearest === undefined ? {} : { nearest }) };
}
