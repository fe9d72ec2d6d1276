import type { X509Certificate } from 'node:crypto';
import type { OAuthContext, Provider } from 'oidc-provider';
import type { Clock } from '../lib/index.ts';
import type { Client, Registry } from './client.ts';
import { delegationOf, type Asker, type Delegation } from './delegation.ts';
import { issueDelegated, issueOwn, type Issue } from './issue.ts';
import { CLIENT_CREDENTIALS, TOKEN_EXCHANGE } from './metadata.ts';
import { oauthError } from './provider.ts';
import type { TokenQuestion } from './question.ts';
import { TokenRefusal } from './refusal.ts';
import type { ReadSubject } from './subject.ts';
import type { TaskGrants } from './task-grants.ts';

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
const ACCESS_TOKEN = `${TOKEN_TYPE}access_token`;
const JWT = `${TOKEN_TYPE}jwt`;
/** Ours: the subject token is the name of a task grant. */
export const TASK_GRANT = 'urn:sidegate:token-type:task-grant';
const TYPES: ReadonlySet<string> = new Set([ACCESS_TOKEN, JWT]);

/** What the grants need besides the provider. */
export interface GrantParts {
  readonly issuer: string;
  readonly now: Clock;
  readonly registry: () => Registry;
  readonly readSubject: ReadSubject;
  readonly tasks: TaskGrants;
  readonly questionOf: (context: OAuthContext) => TokenQuestion;
  /** That of the connection, which the client has authenticated with. */
  readonly certificateOf: (context: OAuthContext) => X509Certificate | undefined;
  /** Name of the key that signs. */
  readonly kid: string;
}

type Params = OAuthContext['oidc']['params'];

/** Registers the two grants that there are. The provider calls them once it has authenticated the client. */
export function registerGrants(provider: Provider, parts: GrantParts): void {
  const target = ['scope', 'audience', 'resource'];
  provider.registerGrantType(
    CLIENT_CREDENTIALS,
    (context) => granting(context, parts, () => clientCredentials(context, provider, parts)),
    target,
  );
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    (context) => granting(context, parts, () => exchange(context, provider, parts)),
    [
      ...target,
      ...['subject_token', 'subject_token_type', 'requested_token_type'],
      ...['actor_token', 'actor_token_type'],
    ],
  );
}

/** What is refused is told in OAuth's words. Anything else that is thrown becomes `server_error` in the provider. */
async function granting(
  context: OAuthContext,
  { questionOf }: GrantParts,
  grant: () => Promise<void>,
): Promise<void> {
  const { params } = context.oidc;
  const question = questionOf(context);
  question.asked = params.scope;
  question.audience = params.audience ?? params.resource;
  try {
    await grant();
  } catch (error) {
    throw error instanceof TokenRefusal ? oauthError(error.code, error.detail) : error;
  }
}

async function clientCredentials(
  context: OAuthContext,
  provider: Provider,
  parts: GrantParts,
): Promise<void> {
  const question = parts.questionOf(context);
  question.grant = 'client_credentials';
  const asker = askerOf(context, parts, question);
  const issue = issueOwn(targetOf(context.oidc.params), asker, atOf(question, parts));
  context.body = await sign(issue, { context, provider, parts });
}

async function exchange(
  context: OAuthContext,
  provider: Provider,
  parts: GrantParts,
): Promise<void> {
  const question = parts.questionOf(context);
  question.grant = 'token-exchange';
  const asker = askerOf(context, parts, question);
  const { params } = context.oidc;
  const issuedType = issuedTypeOf(params);
  const delegation = await handedTo(asker, params, { question, parts });
  question.subject = delegation.subject;
  const issue = issueDelegated(targetOf(params), delegation, asker, atOf(question, parts));
  const answer = await sign(issue, { context, provider, parts });
  context.body = { ...answer, issued_token_type: issuedType };
}

/** The client, asked for anew: the provider's own knowledge of it is as old as the request. */
function askerOf(context: OAuthContext, parts: GrantParts, question: TokenQuestion): Asker {
  const registry = parts.registry();
  const { clientId } = context.oidc.client;
  const client: Client | undefined = registry.withId(clientId);
  if (client?.disabled !== false || client.spiffeId !== question.peer.spiffeId.toString())
    throw oauthError('invalid_client', 'no enabled agent with this certificate');
  return { client, registry, issuer: parts.issuer };
}

/** The client itself is the actor: an actor token could name somebody else. */
function issuedTypeOf(params: Params): string {
  if (params.actor_token !== undefined || params.actor_token_type !== undefined)
    throw new TokenRefusal('invalid_request', 'an actor token was sent');
  const asked = params.requested_token_type ?? ACCESS_TOKEN;
  if (TYPES.has(asked)) return asked;
  throw new TokenRefusal('invalid_request', 'a token type was asked for that is not issued');
}

async function handedTo(
  asker: Asker,
  { subject_token: token, subject_token_type: type }: Params,
  { question, parts }: { readonly question: TokenQuestion; readonly parts: GrantParts },
): Promise<Delegation> {
  if (token === undefined || type === undefined)
    throw new TokenRefusal('invalid_request', 'no subject token, or not its type');
  if (type === TASK_GRANT) {
    question.grant = 'task-grant';
    question.taskGrant = parts.tasks.known(token);
    return parts.tasks.delegation(token, asker.client.spiffeId);
  }
  if (!TYPES.has(type))
    throw new TokenRefusal('invalid_request', 'a subject token of a type that is not taken');
  const subject = await parts.readSubject(token);
  if ('detail' in subject)
    throw new TokenRefusal(
      subject.unavailable ? 'temporarily_unavailable' : 'invalid_request',
      subject.detail,
    );
  question.subjectToken = { issuer: subject.subject.issuer, tokenId: subject.tokenId };
  return delegationOf(subject, asker);
}

function targetOf({ audience, resource, scope }: Params) {
  return { audience, resource, scope };
}

function atOf({ peer }: TokenQuestion, { now }: GrantParts) {
  return { now: now(), certificateEnds: peer.notAfter };
}

interface Signing {
  readonly context: OAuthContext;
  readonly provider: Provider;
  readonly parts: GrantParts;
}

/** Signs what may be signed, bound to the certificate of the connection. */
async function sign(issue: Issue, { context, provider, parts }: Signing): Promise<object> {
  const question = parts.questionOf(context);
  question.subject = issue.subject;
  question.actors = issue.actors;
  const { client } = context.oidc;
  const certificate = parts.certificateOf(context);
  if (certificate === undefined) throw new TypeError('a client without a certificate');
  const scope = issue.scopes.join(' ');
  const { audience, lifetime: expiresIn } = issue;
  const resourceServer = new provider.ResourceServer(audience, {
    ...{ audience, scope, accessTokenFormat: 'jwt' },
    jwt: { sign: { alg: 'ES256', kid: parts.kid } },
  });
  const fields = { client, scope, expiresIn, resourceServer };
  const token =
    issue.actors.length === 0
      ? new provider.ClientCredentials(fields)
      : new provider.AccessToken({ ...fields, accountId: issue.subject });
  token.setThumbprint('x5t', certificate);
  const accessToken = await token.save();
  question.granted = true;
  question.given = issue.scopes;
  question.token = { id: token.jti, expiresAt: parts.now() + expiresIn * 1000 };
  return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope };
}
