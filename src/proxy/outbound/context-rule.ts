import {
  KILLED,
  Refusal,
  type ActingFor,
  type CallContext,
  type PeerEntry,
  type PinnedPolicy,
  type Task,
} from '../../call/index.ts';
import type { Secret } from '../../lib/index.ts';
import { disabledIn, killedIn } from '../killed.ts';
import type { OutboundHall } from './hall.ts';

/** What the rule asks; part of the hall. */
export type ContextAsked = Pick<OutboundHall, 'now' | 'findContext' | 'isEnabled' | 'isKilled'>;

/** The inbound call that a handle stands for; undefined without a handle; or why it stands for none. */
export function contextOf(
  handle: Secret | undefined,
  { findContext }: Pick<ContextAsked, 'findContext'>,
): CallContext | Refusal | undefined {
  if (handle === undefined) return undefined;
  const found = findContext(handle.reveal());
  if (found === 'unknown') return refused('no call has this handle');
  return found === 'ended' ? refused('its call has ended') : found;
}

/** Why this peer may not be called because of that inbound call, or of none; undefined if it may. */
export function contextFault(
  context: CallContext | undefined,
  peer: PeerEntry,
  policy: PinnedPolicy,
  asked: ContextAsked,
): Refusal | undefined {
  if (context === undefined)
    return peer.authority === 'delegated' ? new Refusal('CONTEXT_MISSING') : undefined;
  return (
    callerFault(context, asked) ?? tokenFault(context, policy, asked) ?? peerFault(context, peer)
  );
}

/** Who called in may have lost the right to since then. */
function callerFault({ agent }: CallContext, asked: ContextAsked): Refusal | undefined {
  if (asked.isKilled(agent)) return refused(`its caller ${agent}: ${KILLED}`);
  return asked.isEnabled(agent) ? undefined : refused(`its caller ${agent} is not enabled`);
}

function tokenFault(
  { authority, task }: CallContext,
  policy: PinnedPolicy,
  { now, isKilled }: ContextAsked,
): Refusal | undefined {
  if (authority === undefined) return undefined;
  if (now() >= authority.expiresAt)
    return task === undefined
      ? new Refusal('TOKEN_EXPIRED', 'that of the inbound call has expired')
      : refused('its task has ended');
  if (!isBelieved(authority, policy)) return refused('the issuer of its token is not listed now');
  const killed = killedIn(authority, policy, isKilled);
  if (killed !== undefined) return refused(`${killed} in its chain: ${KILLED}`);
  const disabled = disabledIn(authority, policy);
  return disabled === undefined ? undefined : refused(`${disabled} in its chain is disabled`);
}

function isBelieved({ issuer }: ActingFor, { issuers }: PinnedPolicy): boolean {
  return issuers.some(({ name, issuer: text }) => name === issuer.name && text === issuer.issuer);
}

/** The agent must not lend its own power to whom it works for, unless somebody has said that it may. */
function peerFault({ token, task }: CallContext, peer: PeerEntry): Refusal | undefined {
  if (task !== undefined) return taskFault(task, peer);
  if (peer.authority === 'own' && !peer.evenOnBehalf) return new Refusal('OWN_AUTHORITY_REFUSED');
  if (peer.authority !== 'delegated' || token !== undefined) return undefined;
  return refused('its caller sent no token: there is nothing to exchange');
}

/** A task has the authority that was granted to it, where that was granted, and no other. */
function taskFault({ audiences }: Task, { authority, spiffeId }: PeerEntry): Refusal | undefined {
  if (authority !== 'delegated') return refused('a task calls none but delegated peers');
  return audiences.includes(spiffeId.toString())
    ? undefined
    : refused('its task was not granted for this peer');
}

function refused(detail: string): Refusal {
  return new Refusal('CONTEXT_REFUSED', detail);
}
