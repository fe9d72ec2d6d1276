import { TRUST_DOMAIN } from '../callers.ts';
import { DEV_ISSUER, GREAT, SMALL, STS_ID, STS_ISSUER, type Hop } from './names.ts';

const HEAD = `version: 1
trustDomain: ${TRUST_DOMAIN}
`;

const DEV = `  dev: { issuer: '${DEV_ISSUER}', keys: { file: dev.jwks.json }, development: true }`;

/** Who there is, and who may be handed authority for whom: the token service goes by it. */
export const STS_POLICY = `${HEAD}issuers:
${DEV}
agents:
  portal: { scopes: [${SMALL}], peers: [planner] }
  planner: { scopes: [${SMALL}, ${GREAT}], peers: [billing] }
  billing: { scopes: [${SMALL}, ${GREAT}], peers: [ledger] }
  ledger: []
  mallory: { scopes: [${SMALL}, ${GREAT}], peers: [planner, billing] }
routes: {}
`;

/** Where a sidecar of the demo finds the token service and the next hop. */
export interface Ports {
  readonly sts: number;
  readonly next: number;
}

/** What each sidecar goes by. Planner and billing hold ${GREAT} themselves: only for whom they act can stop them. */
export const POLICIES: Readonly<Record<Hop, (ports: Ports) => string>> = {
  planner: ({ next }) => `${HEAD}issuers:
${DEV}
agents:
  portal: [${SMALL}]
  mallory: [${SMALL}, ${GREAT}]
routes:
  POST /plans/{what}: { scopes: [${SMALL}], token: required, onBehalfOf: required, subjects: { dev: [alice] }, tasks: 1h }
peers:
  billing: { at: 'https://127.0.0.1:${next}', authority: delegated, scopes: [${SMALL}, ${GREAT}] }
`,
  billing: ({ sts, next }) => `${HEAD}issuers:
${stsIssuer(sts)}
agents:
  planner: [${SMALL}, ${GREAT}]
routes:
  GET /invoices/{id}: { scopes: [${SMALL}], token: required, onBehalfOf: required }
  POST /refunds: { scopes: [${GREAT}], token: required, onBehalfOf: allowed, withoutToken: [] }
peers:
  ledger: { at: 'https://127.0.0.1:${next}', authority: delegated, scopes: [${SMALL}] }
`,
  ledger: ({ sts }) => `${HEAD}issuers:
${stsIssuer(sts)}
agents:
  billing: [${SMALL}, ${GREAT}]
routes:
  GET /entries/{id}: { scopes: [${SMALL}], token: required, onBehalfOf: required }
`,
};

function stsIssuer(port: number): string {
  return `  sts: { issuer: '${STS_ISSUER}', keys: { url: 'https://127.0.0.1:${port}/jwks', id: '${STS_ID}' }, narrows: true }`;
}

const COMMON = `trust: { ${TRUST_DOMAIN}: { roots: certs/ca.crt, crl: certs/ca.crl } }
development: true
`;

export const STS_CONFIG = `sts: { listen: 127.0.0.1:0, issuer: '${STS_ISSUER}', keys: certs/sts.keys.json, tasks: { file: tasks.json } }
identity: { cert: certs/sts.crt, key: certs/sts.key }
${COMMON}policy: sts-policy.yaml
audit: { file: sts-audit.jsonl }
`;

export function hopConfig(hop: Hop, sts: number): string {
  return `inbound: { listen: 127.0.0.1:0, upstream: unix:${hop}.sock }
outbound: { listen: unix:${hop}-out.sock }
tokenService: { url: 'https://127.0.0.1:${sts}/token', id: '${STS_ID}' }
identity: { cert: certs/${hop}.crt, key: certs/${hop}.key }
${COMMON}policy: ${hop}-policy.yaml
audit: { file: ${hop}-audit.jsonl }
`;
}
