import { X509Certificate, createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { readText } from '../../files/index.ts';
import { OperatorFault, closest } from '../../lib/index.ts';
import type { Policy } from '../../policy/index.ts';
import { readPem, svidOf } from '../../spiffe/index.ts';
import {
  addSigningKey,
  generateSigningKey,
  publicFileOf,
  readSigningKeys,
  signAccessToken,
  type AccessTokenClaims,
  type SigningKey,
} from '../../token/index.ts';
import { DEFAULT_CA_FOLDER, DEFAULT_CONFIG, DEFAULT_POLICY, JSON_HELP } from '../defaults.ts';
import { withExamples } from '../example.ts';
import { printJson } from '../json.ts';
import { atCwd, seenFromCwd } from '../paths.ts';
import { readPolicyFile } from '../policy-file.ts';
import { collect, readDuration, readSpiffeId } from '../read-argument.ts';
import type { Terminal } from '../terminal.ts';

/** A name that no machine has (RFC 2606): nobody can be asked for its keys. */
const ISSUER = 'https://dev-issuer.invalid';
const KEYS = `${DEFAULT_CA_FOLDER}/dev-issuer.keys.json`;

interface MintFlags {
  readonly subject: string;
  readonly for: string;
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly cert?: string;
  readonly ttl: string;
  readonly keys: string;
  readonly policy: string;
  readonly config: string;
  readonly json?: true;
}

export function mintCommand(terminal: Terminal): Command {
  const command = new Command('mint')
    .summary('sign a token for development')
    .description(
      "Signs an access token for development: of a subject, for an agent to carry, and bound to that agent's certificate. The issuer and its key, made when first needed, are none of the token service's; sidecars believe it only where both the policy's issuer and sidegate.yaml say 'development: true'.",
    )
    .requiredOption('--subject <name>', 'whom the agent acts for')
    .requiredOption('--for <agent>', 'the agent that carries it, by its name in the policy')
    .option('--scope <scope>', 'what it allows; may be repeated', collect)
    .option('--audience <agent|id>', 'whom it is for; by default the sidecar of --config')
    .option('--cert <file>', `the agent's certificate; by default ${DEFAULT_CA_FOLDER}/AGENT.crt`)
    .option('--ttl <time>', 'how long it is good, at most as long as the certificate', '1h')
    .option('--keys <file>', 'where the key of the issuer is', KEYS)
    .option('--policy <file>', 'the policy', DEFAULT_POLICY)
    .option('--config <file>', 'the configuration of the sidecar that it is for', DEFAULT_CONFIG)
    .option('--json', JSON_HELP)
    .action((flags: MintFlags) => run(terminal, flags));
  return withExamples(
    command,
    'sidegate token mint --subject alice --for portal --scope invoices:read',
    'sidegate token mint --subject alice --for portal --scope invoices:read --audience planner',
  );
}

async function run(terminal: Terminal, flags: MintFlags): Promise<void> {
  const policy = readPolicyFile(terminal, flags.policy);
  const agent = policy.agentNamed(flags.for);
  if (agent === undefined) throw unknownAgent(policy, flags.for);
  const carrier = agent.spiffeId.toString();
  const file = atCwd(terminal, flags.cert ?? `${DEFAULT_CA_FOLDER}/${flags.for}.crt`);
  const certificate = readLeaf(file, `Run: sidegate ca mint ${flags.for}, or name it with --cert.`);
  if (certificate.spiffeId !== carrier)
    throw new OperatorFault(
      `${file} is the certificate of ${certificate.spiffeId}, and ${flags.for} is ${carrier}`,
      'Name the certificate of that agent with --cert.',
    );
  const now = terminal.now();
  const ends = Math.min(now + readDuration(flags.ttl), certificate.notAfter);
  const scopes = (flags.scope ?? []).flatMap((text) => text.split(' '));
  const claims = {
    ...{ iss: ISSUER, sub: flags.subject, aud: await audienceOf(terminal, flags, policy) },
    ...{ client_id: carrier, iat: Math.floor(now / 1000), exp: Math.floor(ends / 1000) },
    jti: randomBytes(16).toString('base64url'),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    cnf: { 'x5t#S256': certificate.thumbprint },
  };
  const token = await signAccessToken(claims, await signingKey(terminal, flags.keys));
  tell(terminal, flags, { token, claims });
}

/** The token alone on standard output, so that a shell can keep it in a variable. */
function tell(
  terminal: Terminal,
  { json }: MintFlags,
  { token, claims }: { readonly token: string; readonly claims: AccessTokenClaims },
): void {
  if (json === true) printJson(terminal, { token, claims });
  else terminal.out(`${token}\n`);
}

async function audienceOf(
  terminal: Terminal,
  { audience, config }: MintFlags,
  policy: Policy,
): Promise<string> {
  if (audience?.includes('://') === true) return readSpiffeId(audience).toString();
  if (audience !== undefined) {
    const agent = policy.agentNamed(audience);
    if (agent === undefined) throw unknownAgent(policy, audience);
    return agent.spiffeId.toString();
  }
  const { readConfigFile } = await import('../config-file.ts');
  const { cert } = readConfigFile(terminal, config).config.identity;
  return readLeaf(cert, 'Name whom the token is for with --audience.').spiffeId;
}

interface Leaf {
  readonly spiffeId: string;
  readonly thumbprint: string;
  readonly notAfter: number;
}

function readLeaf(file: string, ifMissing: string): Leaf {
  const text = readText(file, { what: 'the certificate', ifMissing });
  try {
    const [der] = readPem(text, 'CERTIFICATE');
    const reading = svidOf(new X509Certificate(der ?? '').raw);
    if (!reading.ok) throw new Error(reading.fault.detail);
    const { spiffeId, facts } = reading.svid;
    const thumbprint = createHash('sha256')
      .update(der ?? '')
      .digest('base64url');
    return { spiffeId: spiffeId.toString(), thumbprint, notAfter: facts.notAfter };
  } catch (cause) {
    throw new OperatorFault(
      `${file} is no certificate with a SPIFFE ID`,
      'Name the certificate with --cert.',
      { cause },
    );
  }
}

async function signingKey(terminal: Terminal, name: string): Promise<SigningKey> {
  const file = atCwd(terminal, name);
  if (existsSync(file)) return readSigningKeys(file)[0];
  const [key] = addSigningKey(file, await generateSigningKey());
  const entry = `issuers:\n  dev:\n    issuer: ${ISSUER}\n    keys: { file: ${publicFileOf(file)} }\n    development: true\n`;
  const told = `Made the issuer for development. In the policy of those who are to believe it:\n${entry}`;
  terminal.err(seenFromCwd(terminal, `${told}and 'development: true' in their sidegate.yaml.\n`));
  return key;
}

function unknownAgent({ agents }: Policy, name: string): OperatorFault {
  const near = closest(
    name,
    agents.map((agent) => agent.name),
  );
  return new OperatorFault(
    `the policy names no agent '${name}'`,
    near === undefined ? "Name one of those under 'agents'." : `Did you mean '${near}'?`,
  );
}
