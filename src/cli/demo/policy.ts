import { TRUST_DOMAIN } from './callers.ts';

/** What the demo's sidecar goes by. `retired` holds the scope, so that only its switch can be what stops it. */
export const DEMO_POLICY = `version: 1
trustDomain: ${TRUST_DOMAIN}
agents:
  billing: [invoices:read, invoices:write]
  planner: [invoices:read]
  retired: { scopes: [invoices:read], disabled: true }
routes:
  GET /invoices/{id}: [invoices:read]
  POST /invoices: [invoices:write]
`;
