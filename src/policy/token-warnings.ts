import type { IssuerEntry } from '../call/index.ts';
import type { SourceFault, YamlSource } from '../lib/index.ts';
import type { PolicyAgent, PolicyRoute } from './entry.ts';

interface Parts {
  readonly issuers: readonly IssuerEntry[];
  readonly agents: readonly PolicyAgent[];
  readonly routes: readonly PolicyRoute[];
}

/** What loads and is probably not meant: issuers of no use, tokens that a thief could use, agents in `via` that nobody can come through. */
export function tokenWarnings(source: YamlSource, parts: Parts): SourceFault[] {
  const used = parts.routes.some(({ tokenRule }) => takesToken(tokenRule.token));
  return [
    ...parts.issuers.flatMap((issuer) => issuerWarnings(source, issuer, used)),
    ...(parts.issuers.some(({ narrows }) => narrows) ? [] : viaWarnings(source, parts)),
  ];
}

function takesToken(token: PolicyRoute['tokenRule']['token']): boolean {
  return token === 'required' || token === 'optional';
}

function issuerWarnings(source: YamlSource, issuer: IssuerEntry, used: boolean): SourceFault[] {
  const { name, at, binding } = issuer;
  if (!used) {
    const remedy = `Say 'token' on the routes that take one, or remove the issuer.`;
    return [source.fault(at, `no route takes a token, of '${name}' or anybody else`, remedy)];
  }
  if (binding === 'required') return [];
  const place = source.valueAt(['issuers', name, 'binding']);
  const message = `a token of '${name}' need not be bound to a key: whoever gets hold of one can use it as the agent that it was issued to`;
  const remedy = `Have the issuer bind its tokens (RFC 8705, RFC 9449) and remove 'binding'.`;
  return [source.fault(place, message, remedy)];
}

/** Where no issuer narrows, everybody in the chain must hold the scopes, so that some in `via` stand there in vain. */
function viaWarnings(source: YamlSource, { agents, routes }: Parts): SourceFault[] {
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  return routes.flatMap(({ name, scopes, tokenRule }) => {
    const needed = scopes.filter((scope) => !tokenRule.withoutToken.includes(scope));
    return (tokenRule.via ?? []).flatMap((actor, index) => {
      const lacks = byName.get(actor)?.grants.missing(needed) ?? [];
      if (lacks.length === 0) return [];
      const at = source.valueAt(['routes', name, 'via', index]);
      const message = `nobody can come through '${actor}', which lacks ${lacks.join(' and ')}`;
      const remedy = `Grant it to '${actor}', remove it here, or say 'narrows: true' of an issuer that narrows.`;
      return [source.fault(at, message, remedy)];
    });
  });
}
