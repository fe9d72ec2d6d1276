import { Refusal } from '../call/index.ts';
import { Secret } from '../lib/index.ts';
import { member, readObject, type JsonObject } from './json.ts';

/** What is asked of a token service. */
export interface TokenWish {
  /** Our SPIFFE ID; the connection proves it. */
  readonly clientId: string;
  /** Whom the token is for, and nobody else. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** The token of whom we act for; undefined for one of our own. */
  readonly subjectToken: Secret | undefined;
  /** In place of that token: the grant of work that outlives its call. */
  readonly taskGrant?: string | undefined;
}

export interface GrantedToken {
  readonly token: Secret;
  /** Milliseconds, counted from the question. */
  readonly lifetime: number;
}

export interface FormAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

/** Posts a form to the token service. Rejects, with a Refusal if it is known why. */
export type PostForm = (form: string) => Promise<FormAnswer>;

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const TASK_GRANT = 'urn:sidegate:token-type:task-grant';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** What may stand behind `Bearer` (RFC 6750, 2.1). */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]{1,16384}=*$/;
const JSON_TYPE = /^application\/json[\t ]*(?:;|$)/i;
/** The codes of OAuth are such words; anything else that a service says is not repeated. */
const ERROR_CODE = /^[a-z_]{1,40}$/;
/** Of statuses that blame us: too slow, too many. They pass by waiting. */
const TRY_LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Has the token service give a token: by exchange (RFC 8693) if there is a subject's, or a grant in its place, else by
 * client credentials. Nothing of what it answers is told but an OAuth error code.
 *
 * @throws Refusal EXCHANGE_REFUSED or TOKEN_SERVICE_UNAVAILABLE
 */
export async function askForToken(wish: TokenWish, post: PostForm): Promise<GrantedToken> {
  const answer = await answered(() => post(formOf(wish)));
  const body = bodyOf(answer);
  if (answer.status !== 200) throw refusalOf(answer.status, body, 'EXCHANGE_REFUSED');
  if (typeof body === 'string') throw unusable(`it ${body}`);
  checkType(body, wish);
  checkScope(body, wish);
  return { token: tokenOf(body), lifetime: lifetimeOf(body) };
}

/** Whether it was refused because the task grant itself is worth nothing any more, and not for what was asked with it. */
export function isGrantOver({ code, detail }: Refusal): boolean {
  return code === 'EXCHANGE_REFUSED' && detail === 'invalid_grant';
}

/** An answer to a question of ours. @throws Refusal TOKEN_SERVICE_UNAVAILABLE if there is none */
export async function answered(question: () => Promise<FormAnswer>): Promise<FormAnswer> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal('TOKEN_SERVICE_UNAVAILABLE', `${error.code}: ${error.detail}`);
  }
}

/** The JSON object in an answer, or what is wrong with it. */
export function bodyOf({ contentType, bytes }: FormAnswer): JsonObject | string {
  return JSON_TYPE.test(contentType ?? '') ? readObject(bytes) : 'is no JSON';
}

function formOf(wish: TokenWish): string {
  const { clientId, audience, scopes } = wish;
  const form = new URLSearchParams({ client_id: clientId });
  const subject = subjectOf(wish);
  if (subject === undefined) {
    form.set('grant_type', 'client_credentials');
    form.set(isResource(audience) ? 'resource' : 'audience', audience);
  } else {
    form.set('grant_type', EXCHANGE);
    form.set('subject_token', subject.text);
    form.set('subject_token_type', subject.type);
    form.set('requested_token_type', ACCESS_TOKEN);
    form.set('audience', audience);
  }
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  return form.toString();
}

function subjectOf({ subjectToken, taskGrant }: TokenWish) {
  if (subjectToken !== undefined && taskGrant !== undefined)
    throw new TypeError('a token is exchanged, or a grant, never both');
  if (taskGrant !== undefined) return { text: taskGrant, type: TASK_GRANT };
  return subjectToken && { text: subjectToken.reveal(), type: ACCESS_TOKEN };
}

/** An absolute URI without a fragment (RFC 8707, 2). */
function isResource(audience: string): boolean {
  return URL.canParse(audience) && !audience.includes('#');
}

/** `refused`: the code where it is the service that said no, and no fault of it. */
export function refusalOf(
  status: number,
  body: JsonObject | string,
  refused: 'EXCHANGE_REFUSED' | 'TASK_REFUSED',
): Refusal {
  const error = typeof body === 'string' ? undefined : member(body, 'error');
  const code = typeof error === 'string' && ERROR_CODE.test(error) ? error : `status ${status}`;
  const isRefused = status >= 400 && status < 500 && !TRY_LATER.has(status);
  return new Refusal(isRefused ? refused : 'TOKEN_SERVICE_UNAVAILABLE', code);
}

/** `N_A` is no access token (RFC 8693, 2.2.1), and one of another kind is not shown as Bearer. */
function checkType(body: JsonObject, wish: TokenWish): void {
  const type = member(body, 'token_type');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    throw unusable('the token is no bearer token');
  const issued = member(body, 'issued_token_type');
  if (issued === (subjectOf(wish) === undefined ? undefined : ACCESS_TOKEN)) return;
  if (issued !== ACCESS_TOKEN) throw unusable('the token is of another type than was asked for');
}

/** Less than was asked for is what an exchange is for. More, or something else, is not used. */
export function checkScope(body: JsonObject, { scopes }: Pick<TokenWish, 'scopes'>): void {
  const given = member(body, 'scope');
  if (given === undefined) return;
  if (typeof given !== 'string') throw unusable('its scope is no text');
  const more = given.split(' ').some((scope) => scope !== '' && !scopes.includes(scope));
  if (more) throw unusable('it gives more scopes than were asked for');
}

function tokenOf(body: JsonObject): Secret {
  const token = member(body, 'access_token');
  if (typeof token === 'string' && B64TOKEN.test(token)) return new Secret(token);
  throw unusable('the token cannot stand in a header field');
}

/** Milliseconds. */
export function lifetimeOf(body: JsonObject): number {
  const seconds = member(body, 'expires_in');
  if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0) return seconds * 1000;
  throw unusable('it does not say for how long it is good');
}

export function unusable(what: string): Refusal {
  return new Refusal('TOKEN_SERVICE_UNAVAILABLE', `its answer cannot be used: ${what}`);
}
