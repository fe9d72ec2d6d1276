import type { RouteEntry } from '../call/index.ts';
import { renderDuration } from '../lib/index.ts';
import type { AskedToken } from './asked-token.ts';

/** What a route says of tokens; nothing where none is looked at. */
export function ruleSentences({ tokenRule }: RouteEntry): string[] {
  const { tasks } = tokenRule;
  const goesOn = `What a call with one starts may go on for ${renderDuration(tasks)} after it.`;
  return [...takenTokens(tokenRule), ...(tasks === 0 ? [] : [goesOn])];
}

function takenTokens({ token, onBehalfOf, withoutToken }: RouteEntry['tokenRule']): string[] {
  const free = `${withoutToken.join(' and ') || 'no scope'} can be used`;
  if (token === 'ignored') return [];
  if (token === 'forbidden') return ['It takes no token.'];
  if (token === 'optional')
    return onBehalfOf === 'allowed'
      ? [`It may take a token; without one, or on nobody's behalf, ${free}.`]
      : [`It may take a token, on nobody's behalf; without one ${free}.`];
  if (onBehalfOf === 'allowed') return [`It takes a token; on nobody's behalf ${free}.`];
  return onBehalfOf === 'required'
    ? [`It takes a token, on somebody's behalf.`]
    : [`It takes a token, on nobody's behalf.`];
}

/** The token that is asked about. */
export function tokenSentences(token: AskedToken | undefined): string[] {
  if (token === undefined) return [];
  const has = `has ${token.scopes.join(', ') || 'no scope'}`;
  const via = token.via ?? [];
  const through = via.length === 0 ? '' : `, came through ${via.join(', then ')},`;
  const whom = token.for === undefined ? `is the agent's own` : `speaks for ${token.for}`;
  return [`The token ${whom}${through} and ${has}.`];
}

/** Where the agent itself could do it: nothing that is granted to the agent would help. */
export function elsewhere(whose: string, inToken: boolean): string {
  return inToken
    ? `If ${whose} should be able to do it, too, grant it there under 'agents'.`
    : `If it should be in the token, the issuer must put it there; the policy cannot.`;
}
