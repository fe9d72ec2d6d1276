import { createHash } from 'node:crypto';
import { generateSigningKey, publicJwks, signAccessToken } from '../../src/token/index.ts';
import { world, type World, type WorldOptions } from './harness.ts';
import { claimsOf, type Claims } from './issuer.ts';
import type { Credential } from './pki.ts';

export const ISSUER = 'https://sts.acme.test';
export const AUDIENCE = 'https://invoices.acme.test';
const KEYS = 'sts-jwks.json';

/** A policy whose one issuer has its keys in a file; `routes` one a line, indented by two blanks. */
export function tokenPolicy(routes: string, agents = AGENTS): string {
  return `version: 1
trustDomain: acme.test
issuers:
  sts: { issuer: '${ISSUER}', keys: { file: ${KEYS} }, audiences: ['${AUDIENCE}'], narrows: true }
agents:
${agents}
routes:
${routes}
`;
}

const AGENTS = `  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  portal: [invoices:read]`;

/** A world whose sidecar believes an issuer, and that issuer's pen. */
export interface TokenWorld extends World {
  /** A token of alice for that agent, bound to its certificate. */
  token(agent: string, claims?: Claims): Promise<string>;
  /** The same as a header field. */
  bearer(agent: string, claims?: Claims): Promise<{ authorization: string }>;
}

export async function tokenWorld(options: WorldOptions): Promise<TokenWorld> {
  const key = await generateSigningKey();
  const files = { [KEYS]: JSON.stringify(publicJwks([key])), ...options.files };
  const w = await world({ ...options, files });
  const token = (agent: string, claims?: Claims) =>
    signAccessToken(claimsOf(ISSUER, AUDIENCE, { ...bound(w, agent), ...claims }), key);
  const bearer = async (agent: string, claims?: Claims) => ({
    authorization: `Bearer ${await token(agent, claims)}`,
  });
  return Object.assign(w, { token, bearer });
}

/** What ties a token to an agent: the client that it was issued to, and its certificate (RFC 8705). */
function bound(w: World, agent: string): Claims {
  return { client_id: idOf(agent), cnf: confirmation(w.as(agent)) };
}

export function confirmation({ der }: Credential): { 'x5t#S256': string } {
  return { 'x5t#S256': createHash('sha256').update(der).digest('base64url') };
}

export function idOf(agent: string): string {
  return `spiffe://acme.test/agent/${agent}`;
}
