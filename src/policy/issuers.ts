import type { IssuerEntry, IssuerKeys } from '../call/index.ts';
import { closest, type SourceFault, type SourcePosition, type YamlSource } from '../lib/index.ts';
import { nameFault } from './agent-name.ts';
import type { IssuerValue } from './issuer-shape.ts';
import { fieldOf, mapOf, sectionOf } from './section.ts';
import type { PolicyFile } from './shape.ts';

/** What no shape says of issuers: their names, and that no two are one. */
export function issuerFaults(source: YamlSource): SourceFault[] {
  const faults: SourceFault[] = [];
  const owners = new Map<string, SourcePosition>();
  for (const [name, value] of sectionOf(source, 'issuers')) {
    const at = source.keyAt(['issuers', name]);
    const fault = nameFault(name, 'an issuer');
    if (fault !== undefined) faults.push(source.fault(at, fault.message, fault.remedy));
    const issuer = fieldOf(value, 'issuer');
    if (typeof issuer !== 'string') continue;
    const owner = owners.get(issuer);
    owners.set(issuer, owner ?? at);
    if (owner === undefined) continue;
    const message = `the issuer at line ${owner.line} is the same: ${issuer}`;
    const place = source.valueAt(['issuers', name, 'issuer']);
    faults.push(source.fault(place, message, 'Make them one issuer.'));
  }
  return faults;
}

/** What is wrong with a map by issuers' names: the names that are nobody's. */
export function issuerNameFaults(
  source: YamlSource,
  path: readonly string[],
  value: unknown,
): SourceFault[] {
  const known = sectionOf(source, 'issuers').map(([name]) => name);
  return mapOf(value)
    .filter(([name]) => !known.includes(name))
    .map(([name]) => {
      const at = source.keyAt([...path, name]);
      return source.fault(at, `no issuer is called '${name}'`, meantRemedy(name, known, 'issuers'));
    });
}

/** For a name that nothing in the section has. */
export function meantRemedy(name: string, known: readonly string[], section: string): string {
  const near = closest(name, known);
  const add = `Add it under '${section}', or remove it here.`;
  return near === undefined ? add : `Did you mean '${near}'? ${add}`;
}

export function compileIssuers(source: YamlSource, file: PolicyFile): readonly IssuerEntry[] {
  const entries = Object.entries(file.issuers ?? {}).map(([name, value]: [string, IssuerValue]) =>
    Object.freeze<IssuerEntry>({
      name,
      issuer: value.issuer,
      keys: keysOf(value.keys, source.file),
      audiences: Object.freeze(value.audiences ?? []),
      algorithms: Object.freeze(value.algorithms ?? ['ES256']),
      binding: value.binding ?? 'required',
      scopeClaim: value.scopeClaim ?? 'scope',
      clientClaim: value.clientClaim ?? 'client_id',
      acceptUntypedTokens: value.acceptUntypedTokens ?? false,
      narrows: value.narrows ?? false,
      development: value.development ?? false,
      at: source.keyAt(['issuers', name]),
    }),
  );
  return Object.freeze(entries);
}

function keysOf({ url, id, file }: IssuerValue['keys'], policy: string): IssuerKeys {
  if (url !== undefined) return Object.freeze({ kind: 'url', url, spiffeId: id });
  if (file === undefined) throw new TypeError('an issuer without keys was not refused');
  return Object.freeze({ kind: 'file', path: beside(policy, file) });
}

/** A path from the place of the policy, whose own path is absolute. */
function beside(policy: string, path: string): string {
  return path.startsWith('/') ? path : policy.slice(0, policy.lastIndexOf('/') + 1) + path;
}

/** Whether what one entry has verified is as good as verified by the other, which came by a reload. */
export function believesTheSame(one: IssuerEntry, other: IssuerEntry): boolean {
  if (one === other) return true;
  const belief = (entry: IssuerEntry) =>
    JSON.stringify({ ...entry, narrows: undefined, at: undefined });
  return belief(one) === belief(other);
}
