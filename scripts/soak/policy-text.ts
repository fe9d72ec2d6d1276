import type { Edition } from './rights.ts';

const ROUTES = `routes:
  GET /whoami: []
  GET /invoices: [invoices:read]
  POST /invoices: { scopes: [invoices:write], body: 1KiB }
  GET /events: [events:read]
  GET /download: [invoices:read]
  POST /upload: [invoices:write]
`;

/** The policy file of an edition. `note` makes a new digest of the same rights. */
export function policyText({ agents }: Edition, note: string): string {
  const lines = [...agents].map(([name, { scopes, disabled }]) => {
    const list = `[${scopes.join(', ')}]`;
    return disabled ? `  ${name}: { scopes: ${list}, disabled: true }` : `  ${name}: ${list}`;
  });
  const head = `# ${note}\nversion: 1\ntrustDomain: soak.test\nagents:\n`;
  return `${head}  keeper: [invoices:read, invoices:write, events:read]\n${lines.join('\n')}\n${ROUTES}`;
}

export const BROKEN_POLICY = 'version: 1\ntrustDomain: soak.test\nroutes: [this is no route\n';
