import type { PeerEntry } from '../call/index.ts';
import type { SourceFault, YamlSource } from '../lib/index.ts';
import { SpiffeId } from '../spiffe/index.ts';
import { defaultId } from './agents.ts';
import type { PolicyAgent } from './entry.ts';
import type { PeerValue } from './peer-shape.ts';
import { fieldOf, sectionOf } from './section.ts';
import type { PolicyFile } from './shape.ts';

/** One label of a host name: a peer is called as `<name>.peer.internal`. */
const LABEL = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What no shape says of peers: their names, and what has no effect beside their authority. */
export function peerFaults(source: YamlSource): SourceFault[] {
  return sectionOf(source, 'peers').flatMap(([name, value]) => {
    const path = ['peers', name];
    const faults = authorityFaults(source, path, value);
    if (LABEL.test(name)) return faults;
    const remedy = `It is a label of a host name: a-z, 0-9 and '-', begins with a letter, at most 63 characters.`;
    return [source.fault(source.keyAt(path), `'${name}' is no name for a peer`, remedy), ...faults];
  });
}

function authorityFaults(source: YamlSource, path: readonly string[], value: unknown) {
  const faults: SourceFault[] = [];
  const authority = fieldOf(value, 'authority') ?? 'none';
  const refuse = (field: string, message: string, remedy: string) => {
    faults.push(source.fault(source.valueAt([...path, field]), message, remedy));
  };
  const has = (field: string) => fieldOf(value, field) !== undefined;
  if (authority === 'none') {
    for (const field of ['scopes', 'audience'].filter(has))
      refuse(
        field,
        `'${field}' has no effect where no token goes along`,
        `Add 'authority: own' or 'authority: delegated', or remove it.`,
      );
  } else if (!has('scopes'))
    refuse(
      'authority',
      `a peer that gets a token must have 'scopes'`,
      `Add 'scopes': the most that is asked for; [] is nothing.`,
    );
  if (authority !== 'own' && has('evenOnBehalf'))
    refuse('evenOnBehalf', `'evenOnBehalf' has no effect without 'authority: own'`, 'Remove it.');
  return faults;
}

export function compilePeers(
  source: YamlSource,
  parts: { file: PolicyFile; agents: readonly PolicyAgent[] },
): ReadonlyMap<string, PeerEntry> {
  const { file, agents } = parts;
  const idOf = (name: string) =>
    agents.find((agent) => agent.name === name)?.spiffeId ??
    SpiffeId.parse(defaultId(file.trustDomain.name, name));
  const peers = Object.entries(file.peers ?? {}).map(([name, value]: [string, PeerValue]) => {
    const spiffeId = value.id ?? idOf(name);
    const entry: PeerEntry = Object.freeze({
      name,
      host: value.at.host,
      port: value.at.port,
      spiffeId,
      authority: value.authority ?? 'none',
      scopes: Object.freeze(value.scopes ?? []),
      audience: value.audience ?? spiffeId.toString(),
      evenOnBehalf: value.evenOnBehalf ?? false,
      at: source.keyAt(['peers', name]),
    });
    return [name, entry] as const;
  });
  return new Map(peers);
}
