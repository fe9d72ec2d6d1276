import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Passes, TRUST_DOMAIN } from './credentials.ts';
import type { SoakOptions } from './options.ts';
import { policyText } from './policy-text.ts';
import { Rights, type AgentRights } from './rights.ts';
import { SidecarProcess } from './sidecar.ts';
import { Upstream } from './upstream.ts';

const CONFIG = `inbound: { listen: 127.0.0.1:0, upstream: unix:agent.sock }
identity: { cert: certs/server.crt, key: certs/server.key }
trust:
  ${TRUST_DOMAIN}: { roots: certs/ca.crt, crl: certs/ca.crl }
policy: policy.yaml
status: { listen: unix:status.sock }
admin: { listen: unix:sidegate.sock }
audit: { file: audit.jsonl }
limits: { drain: 5s, handshakes: 5000, handshakesPerAddress: 5000 }
`;

/** A running sidecar, its agent, its CA and its files, all of them gone with it. */
export interface Stage {
  readonly folder: string;
  readonly passes: Passes;
  readonly rights: Rights;
  readonly upstream: Upstream;
  readonly sidecar: SidecarProcess;
  readonly names: readonly string[];
  close(): Promise<void>;
}

export async function setUp({ agents, life }: SoakOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-soak-'));
  const passes = new Passes(life);
  const names = Array.from({ length: agents }, (_, n) => `agent-${n}`);
  const rights = new Rights({
    agents: new Map(names.map((name, n) => [name, firstRights(n)])),
    revoked: new Set(),
  });
  writeFiles(folder, passes, policyText(rights.latest, 'first'));
  const upstream = new Upstream(folder);
  try {
    await upstream.start();
    const sidecar = await SidecarProcess.start(folder);
    const close = async (): Promise<void> => {
      passes.close();
      await sidecar.stop();
      await upstream.crash();
      rmSync(folder, { recursive: true, force: true });
    };
    return { folder, passes, rights, upstream, sidecar, names, close };
  } catch (error) {
    await upstream.crash();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Every fifth may not even read. */
function firstRights(n: number): AgentRights {
  const scopes = n % 5 === 4 ? ['events:read'] : ['invoices:read', 'events:read'];
  if (n % 2 === 0) scopes.push('invoices:write');
  return { scopes, disabled: false, killed: false };
}

function writeFiles(folder: string, passes: Passes, policy: string): void {
  mkdirSync(join(folder, 'certs'));
  const put = (file: string, text: string) => writeFileSync(join(folder, file), text);
  const { certPem, keyPem } = passes.server();
  put('certs/ca.crt', passes.ca.certPem);
  put('certs/ca.crl', passes.ca.crl().pem);
  put('certs/server.crt', certPem);
  put('certs/server.key', keyPem);
  put('policy.yaml', policy);
  put('sidegate.yaml', CONFIG);
}
