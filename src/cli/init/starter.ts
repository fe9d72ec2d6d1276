import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { packageFolder } from '../package.ts';

/** What the files of a new folder say. */
export interface Starter {
  /** The agent behind the sidecar. */
  readonly name: string;
  /** Who may call it. */
  readonly caller: string;
  readonly trustDomain: string;
  /** As it stands in the configuration. */
  readonly upstream: string;
}

export const LISTEN = '127.0.0.1:8443';
const STATUS = '127.0.0.1:9464';

export function configText({ name, trustDomain, upstream }: Starter): string {
  return `# Sidegate in front of ${name}. Files are relative to this one. Look it over with: sidegate check
inbound:
  listen: ${LISTEN} # where callers connect; 0.0.0.0:8443 takes them from other machines too
  upstream: ${scalar(upstream)} # your agent: plain HTTP, reachable from here alone

identity: # who we are
  cert: certs/${name}.crt
  key: certs/${name}.key

trust: # who vouches for callers: one entry a trust domain
  ${scalar(trustDomain)}:
    roots: certs/ca.crt
    crl: certs/ca.crl

policy: policy.yaml # who may call what

status:
  listen: ${STATUS} # /livez, /readyz, /metrics

admin:
  listen: unix:run/sidegate.sock # what 'sidegate why' asks; this user alone may open it

audit:
  file: run/audit.jsonl # one JSON line a call
  onFull: refuse # what cannot be recorded is not done; or: drop
`;
}

export function policyText(starter: Starter, folder: string): string {
  const { name, caller, trustDomain } = starter;
  const scope = scopeOf(starter);
  return `${schemaLine(folder)}version: 1
trustDomain: ${scalar(trustDomain)}
mode: enforce # shadow: forward what would be denied, and record it

# Who exists, and the most each may ever do. Anybody else is refused.
agents:
  ${scalar(caller)}: [${scope}] # its certificate says spiffe://${trustDomain}/agent/${caller}

# What may be asked, and the scopes that it takes, all of them. Anything that is not here is denied.
routes:
  # Methods, one blank, a path. {id} is one segment; /** at the end is one segment or more:
  #   GET /${name}/{id}: [${scope}]
  #   GET,POST,DELETE /mcp: [${scope}]
  GET /: [${scope}]
`;
}

export function scopeOf({ name }: Starter): string {
  return `${name}:read`;
}

/** For a folder in which nothing belongs into version control. */
export const IGNORE_ALL = `# Keys, certificates and what the process leaves are never committed.
*
!.gitignore
`;

/** Editors find the schema only in a package that lies below the folder; a line that points elsewhere would be untrue. */
function schemaLine(folder: string): string {
  const schema = join(packageFolder(), 'schema', 'policy.schema.json');
  const path = relative(folder, schema);
  if (isAbsolute(path) || path.startsWith('..') || !existsSync(schema)) return '';
  return `# yaml-language-server: $schema=./${path.split(sep).join('/')}\n`;
}

/** Plain where every reader of YAML sees a text, else in quotes. */
function scalar(text: string): string {
  const plain =
    /^[a-z][a-z0-9._:/-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/.test(text);
  return plain && !text.endsWith(':') ? text : `'${text.replaceAll("'", "''")}'`;
}
