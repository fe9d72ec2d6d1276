import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSidecar } from '../../app/index.ts';
import { loadConfig } from '../../config/index.ts';
import { readText, writeFileAtomic } from '../../files/index.ts';
import { OperatorFault, type Clock } from '../../lib/index.ts';
import { adminCall, whyShape, type WhyReport } from '../../status/index.ts';
import type { LastWords } from '../last-words.ts';
import { startAgent, type Received } from './agent.ts';
import { readAudit, type AuditLine } from './audit-lines.ts';
import { makeCallers, TRUST_DOMAIN, type Callers } from './callers.ts';

/** A running sidecar with its CA, its agent and its policy in a temporary folder; all gone when it is disposed of. */
export interface Scene extends AsyncDisposable {
  readonly port: number;
  /** Whom callers trust; PEM. */
  readonly ca: string;
  readonly callers: Callers;
  /** What reached the agent so far, and grows. */
  readonly received: readonly Received[];
  audit(): Promise<readonly AuditLine[]>;
  /** How far a call came, by the sidecar's own account. */
  gates(id: string): Promise<WhyReport['gates']>;
  /** Ends the sidecar; resolves when nothing more can be recorded. */
  end(): Promise<void>;
}

export interface SceneOptions {
  readonly policy: string;
  readonly now: Clock;
  readonly lastWords?: LastWords | undefined;
}

/** @throws OperatorFault if there is no room for it */
export async function setScene({ policy, now, lastWords }: SceneOptions): Promise<Scene> {
  await using begun = new AsyncDisposableStack();
  const folder = begun.adopt(newFolder(), remove);
  const forget = lastWords?.add(() => remove(folder));
  begun.defer(() => forget?.());
  const file = (name: string) => join(folder, name);
  const write = (name: string, text: string) =>
    writeFileAtomic(file(name), text, { mode: 0o600, existing: 'refuse' });
  const callers = makeCallers(folder, now);
  const { received } = begun.use(await startAgent(file('agent.sock')));
  write('policy.yaml', policy);
  write('sidegate.yaml', CONFIG);
  const { config } = loadConfig(file('sidegate.yaml'), {
    flags: {},
    trust: [],
    variables: {},
    folder,
  });
  const sidecar = begun.adopt(await startSidecar({ config, output: SILENT, now }), (it) => {
    it.stopNow();
    return it.drain();
  });
  if (sidecar.address.kind !== 'tcp') throw new TypeError('the inbound door is on TCP');
  const everything = begun.move();
  return {
    port: sidecar.address.port,
    ca: readText(file('certs/ca.crt'), { what: 'the CA', ifMissing: 'Run the demo again.' }),
    callers,
    received,
    audit: async () => {
      await sidecar.flush();
      return readAudit(file('audit.jsonl'));
    },
    gates: async (id) =>
      whyShape.parse(await adminCall(file('admin.sock'), 'GET', `/why?id=${id}`)).gates,
    end: () => sidecar.drain(),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

const SILENT = { write: () => undefined, terminal: false, colours: false };

const CONFIG = `inbound: { listen: 127.0.0.1:0, upstream: unix:agent.sock }
identity: { cert: certs/invoices.crt, key: certs/invoices.key }
trust:
  ${TRUST_DOMAIN}: { roots: certs/ca.crt, crl: certs/ca.crl }
policy: policy.yaml
admin: { listen: unix:admin.sock }
audit: { file: audit.jsonl }
`;

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'sidegate-demo-'));
  } catch (cause) {
    throw new OperatorFault(
      `cannot make a temporary folder in ${tmpdir()}`,
      'Name another one with the variable TMPDIR.',
      { cause },
    );
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
