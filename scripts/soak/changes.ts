import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/files/index.ts';
import type { Passes } from './credentials.ts';
import type { Ledger } from './ledger.ts';
import { sleep } from './options.ts';
import { BROKEN_POLICY, policyText } from './policy-text.ts';
import type { AgentRights, Edition, Rights } from './rights.ts';
import type { SidecarProcess } from './sidecar.ts';

const REPLACE = { mode: 0o600, existing: 'replace' } as const;
/** How a change comes into force, in turns. */
const WAYS = ['reload', 'SIGHUP', 'reload', 'watch', 'reload', 'broken'] as const;
const KEPT = 100;

/** Changes what is in force, one change after the other, and says when each is. */
export class Changes {
  readonly #parts: ChangeParts;
  #number = 0;

  constructor(parts: ChangeParts) {
    this.#parts = parts;
  }

  /** Until `open` says no. */
  async keep(every: number, open: () => boolean): Promise<void> {
    while (open()) {
      const next = sleep(every);
      await this.#change(WAYS[this.#number % WAYS.length] ?? 'reload');
      await next;
    }
  }

  /** Renews the sidecar's own certificate, whatever else is going on. */
  async keepServer(every: number, open: () => boolean): Promise<void> {
    for (; open(); await sleep(every)) this.#renewServer();
  }

  /** The key first. */
  #renewServer(): void {
    const { folder, passes, ledger } = this.#parts;
    const { certPem, keyPem } = passes.server();
    writeFileAtomic(join(folder, 'certs/server.key'), keyPem, REPLACE);
    writeFileAtomic(join(folder, 'certs/server.crt'), certPem, REPLACE);
    ledger.count('changes: server certificate');
  }

  async #change(way: (typeof WAYS)[number]): Promise<void> {
    const { ledger } = this.#parts;
    this.#number += 1;
    ledger.count(`changes: ${way}`);
    if (way === 'broken') return this.#break();
    const after = this.#next(this.#parts.rights.latest, way === 'reload');
    await this.#switch(after);
    if (await this.#inForce(after, way)) return;
    ledger.fault('a change did not come into force', `number ${this.#number} by ${way}`);
  }

  /** A file that does not load must change nothing. */
  async #break(): Promise<void> {
    const { rights, ledger, sidecar } = this.#parts;
    this.#write('policy.yaml', BROKEN_POLICY);
    if (await sidecar.reload()) ledger.fault('a broken policy was taken', `${this.#number}`);
    const text = policyText(rights.latest, `mended ${this.#number}`);
    this.#write('policy.yaml', text);
    if (!(await sidecar.reload())) ledger.fault('a mended policy was not taken', '');
  }

  /** Writes what is in files, and waits until it is in force. */
  async #inForce(edition: Edition, way: 'reload' | 'SIGHUP' | 'watch'): Promise<boolean> {
    const { rights } = this.#parts;
    const crlIsSure = this.#revoke(edition.revoked);
    const text = policyText(edition, `${this.#number} ${way}`);
    const policyIsSure = rights.grant(edition.agents);
    this.#write('policy.yaml', text);
    const inForce = await this.#read(way, text);
    if (inForce) for (const isSure of [crlIsSure, policyIsSure]) isSure();
    return inForce;
  }

  #revoke(revoked: ReadonlySet<string>): () => void {
    const { rights, passes } = this.#parts;
    if (revoked === rights.latest.revoked) return () => undefined;
    const { pem } = passes.ca.crl({ revoked: [...revoked], number: this.#number });
    const isSure = rights.revoke(revoked);
    this.#write('certs/ca.crl', pem);
    return isSure;
  }

  #read(way: 'reload' | 'SIGHUP' | 'watch', policy: string): Promise<boolean> {
    const { sidecar } = this.#parts;
    if (way === 'reload') return sidecar.reload();
    if (way === 'SIGHUP') sidecar.signal('SIGHUP');
    return sidecar.hasPolicy(createHash('sha256').update(policy).digest('hex'));
  }

  /** Kills and lifts what this edition kills and lifts, at the operator's socket. */
  async #switch(after: Edition): Promise<void> {
    const { rights, sidecar, ledger } = this.#parts;
    const before = rights.latest;
    for (const [name, { killed }] of after.agents) {
      if (killed === before.agents.get(name)?.killed) continue;
      const isSure = rights.kill(name, killed);
      await sidecar.kill(name, killed);
      isSure();
      ledger.count(killed ? 'changes: kill' : 'changes: lift');
    }
  }

  /** Some agents gain or lose something; sometimes one's certificate is revoked. */
  #next(before: Edition, mayRevoke: boolean): Edition {
    const { changing, passes } = this.#parts;
    const agents = new Map(before.agents);
    for (let changed = 0; changed < 3; changed++) {
      const name = changing[Math.floor(Math.random() * changing.length)] ?? '';
      const rights = agents.get(name);
      if (rights !== undefined) agents.set(name, turned(rights));
    }
    if (!mayRevoke || this.#number % 3 !== 0) return { agents, revoked: before.revoked };
    const name = changing[Math.floor(Math.random() * changing.length)] ?? '';
    const revoked = new Set([...before.revoked, passes.of(name).credential.serial].slice(-KEPT));
    passes.drop(name);
    this.#parts.ledger.count('changes: revocation');
    return { agents, revoked };
  }

  #write(file: string, text: string): void {
    writeFileAtomic(join(this.#parts.folder, file), text, REPLACE);
  }
}

export interface ChangeParts {
  readonly folder: string;
  readonly sidecar: SidecarProcess;
  readonly rights: Rights;
  readonly passes: Passes;
  readonly ledger: Ledger;
  /** The agents whose rights come and go; those of all others stand. */
  readonly changing: readonly string[];
}

function turned(rights: AgentRights): AgentRights {
  const dice = Math.random();
  if (rights.killed || dice < 0.2) return { ...rights, killed: !rights.killed };
  if (rights.disabled || dice < 0.4) return { ...rights, disabled: !rights.disabled };
  const scope = dice < 0.7 ? 'events:read' : 'invoices:write';
  const without = rights.scopes.filter((one) => one !== scope);
  const held = without.length < rights.scopes.length;
  return { ...rights, scopes: held ? without : [...without, scope] };
}
