import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSidecar, startTokenServer, type Sidecar } from '../../../app/index.ts';
import { initCa, mint, renew, type CertificateAuthority } from '../../../ca/index.ts';
import { loadConfig, loadStsConfig } from '../../../config/index.ts';
import { readText, writeFileAtomic } from '../../../files/index.ts';
import type { Clock, Listen } from '../../../lib/index.ts';
import { TrustDomain } from '../../../spiffe/index.ts';
import {
  addSigningKey,
  generateSigningKey,
  publicJwks,
  type SigningKey,
} from '../../../token/index.ts';
import { TRUST_DOMAIN, type Credential } from '../callers.ts';
import type { LastWords } from '../../last-words.ts';
import { startHopAgent, type HopAgent } from './agents.ts';
import { POLICIES, STS_CONFIG, STS_POLICY, hopConfig } from './files.ts';
import { HOPS, type Hop } from './names.ts';

/** Everybody who keeps an audit. */
export type Witness = Hop | 'sts';

/** Three sidecars with their agents, the token service and a CA, in a temporary folder; all gone when it is disposed of. */
export interface World extends AsyncDisposable {
  readonly now: Clock;
  readonly ca: string;
  readonly devKey: SigningKey;
  readonly agents: Readonly<Record<Hop, HopAgent>>;
  portOf(witness: Witness): number;
  credentialOf(agent: 'portal' | 'mallory'): Credential;
  /** The text of an audit, as far as it is written when everything so far is in it. */
  audit(witness: Witness): Promise<string>;
  /** Gives planner a new certificate and key, which its sidecar takes while it runs; the new serial. */
  rotatePlanner(): string;
}

export interface WorldOptions {
  readonly now: Clock;
  readonly lastWords?: LastWords | undefined;
}

interface Running {
  readonly address: Listen;
  flush(): Promise<void>;
}

/** @throws OperatorFault if there is no room for it */
export async function createWorld({ now, lastWords }: WorldOptions): Promise<World> {
  await using begun = new AsyncDisposableStack();
  const folder = begun.adopt(mkdtempSync(join(tmpdir(), 'sidegate-demo-')), remove);
  const forget = lastWords?.add(() => remove(folder));
  begun.defer(() => forget?.());
  const file = (name: string) => join(folder, name);
  const write = (name: string, text: string) =>
    writeFileAtomic(file(name), text, { mode: 0o600, existing: 'refuse' });
  const ca = mintEverybody(folder, now);
  const devKey = await generateSigningKey();
  write('dev.jwks.json', JSON.stringify(publicJwks([devKey])));
  addSigningKey(file('certs/sts.keys.json'), await generateSigningKey());
  write('sts-policy.yaml', STS_POLICY);
  write('sts.yaml', STS_CONFIG);
  const sts = begun.adopt(
    await startTokenServer({ config: loadStsConfig(file('sts.yaml')), output: SILENT, now }),
    (it) => it.drain(),
  );
  const running = new Map<Witness, Running>([['sts', sts]]);
  const sidecars = new Map<Hop, Sidecar>();
  const agents = {} as Record<Hop, HopAgent>;
  let next = 0;
  // From the last one on, for each must know where the next is.
  for (const hop of HOPS.toReversed()) {
    const sockets = { own: file(`${hop}.sock`), out: file(`${hop}-out.sock`) };
    agents[hop] = begun.use(await startHopAgent(hop, sockets));
    write(`${hop}-policy.yaml`, POLICIES[hop]({ sts: portOf(sts), next }));
    write(`${hop}.yaml`, hopConfig(hop, portOf(sts)));
    const { config } = loadConfig(file(`${hop}.yaml`), NO_OVERRIDES(folder));
    const sidecar = begun.adopt(await startSidecar({ config, output: SILENT, now }), (it) => {
      it.stopNow();
      return it.drain();
    });
    running.set(hop, sidecar);
    sidecars.set(hop, sidecar);
    next = portOf(sidecar);
  }
  const everything = begun.move();
  const read = (name: string) => readText(file(name), USE);
  return {
    now,
    ca: read('certs/ca.crt'),
    devKey,
    agents,
    portOf: (witness) => portOf(there(running.get(witness))),
    credentialOf: (agent) => ({
      cert: read(`certs/${agent}.crt`),
      key: read(`certs/${agent}.key`),
    }),
    audit: async (witness) => {
      await there(running.get(witness)).flush();
      return read(`${witness}-audit.jsonl`);
    },
    rotatePlanner: () => {
      renew({ folder: ca.folder, now });
      there(sidecars.get('planner')).reload();
      return read('certs/planner.crt');
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

const SILENT = { write: () => undefined, terminal: false, colours: false };
const USE = { what: 'a file of the demo', ifMissing: 'Run the demo again.' };
const NO_OVERRIDES = (folder: string) => ({ flags: {}, trust: [], variables: {}, folder });
const HOUR = 3_600_000;

function mintEverybody(folder: string, now: Clock): CertificateAuthority {
  const trustDomain = TrustDomain.parse(TRUST_DOMAIN);
  const ca = initCa({ folder: join(folder, 'certs'), trustDomain, now });
  const ip = ['127.0.0.1'];
  for (const name of ['portal', 'mallory']) mint(ca, { name });
  for (const name of ['sts', 'billing', 'ledger']) mint(ca, { name, ip });
  // Less than a third of its life is left: the renewal finds it due.
  const validity = { notBefore: now() - 4 * HOUR, notAfter: now() + HOUR };
  mint(ca, { name: 'planner', ip, validity });
  return ca;
}

function portOf({ address }: Running): number {
  if (address.kind !== 'tcp') throw new TypeError('the doors of the demo are on TCP');
  return address.port;
}

function there<T>(found: T | undefined): T {
  if (found === undefined) throw new TypeError('nobody of that name is in the demo');
  return found;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
