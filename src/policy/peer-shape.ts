import { z } from 'zod';
import { wordShape } from './issuer-shape.ts';
import { idShape } from './id-shape.ts';
import { SCOPE, askedScopeFault } from './scope.ts';
import { scopesShape } from './scopes-shape.ts';
import { textShape } from './text-shape.ts';

/** Where a peer listens. */
export interface PeerPlace {
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** `https://host:port` and nothing more; undefined for anything else. */
export function parsePeerPlace(text: string): PeerPlace | undefined {
  const match = /^https:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([1-9]\d{0,4}))?$/.exec(text);
  const host = match?.[1]?.toLowerCase();
  const url = URL.parse(text);
  // What the parser would spell otherwise, such as an address in octal, is no name to hold a peer to.
  if (host === undefined || url?.hostname !== host) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(match?.[2] ?? 443) };
}

/** One entry of `peers`. */
export const peerShape = z.strictObject({
  at: textShape(parsePeerPlace, 'an https URL of host and port alone', {
    description: 'Where it is: https://host:port, without path and user.',
    examples: ['https://billing.acme.test:8443'],
  }),
  id: idShape(
    'The SPIFFE ID that it must show. Default: that of the agent of this name, or spiffe://<trustDomain>/agent/<name>.',
    'spiffe://acme.test/agent/billing',
  ).optional(),
  authority: z.enum(['none', 'own', 'delegated']).optional().meta({
    description:
      "What goes along: nothing (the default), this agent's own token, or one for whom the agent acts.",
  }),
  scopes: scopesShape(askedScopeFault, SCOPE)
    .optional()
    .meta({
      description: 'The most that is asked for at the token service.',
      examples: [['invoices:read']],
    }),
  audience: wordShape(
    "Whom the token is for. Default: the peer's SPIFFE ID.",
    'https://billing.acme.test',
  ).optional(),
  evenOnBehalf: z.boolean().optional().meta({
    description:
      "Whether 'authority: own' may be used while the agent works for somebody else. Default: false.",
  }),
});

export type PeerValue = z.output<typeof peerShape>;
