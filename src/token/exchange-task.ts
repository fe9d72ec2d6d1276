import type { Secret } from '../lib/index.ts';
import {
  answered,
  bodyOf,
  checkScope,
  lifetimeOf,
  refusalOf,
  unusable,
  type FormAnswer,
  type PostForm,
} from './exchange.ts';
import { member, type JsonObject } from './json.ts';

/** Work that is to go on after the call that it came with. */
export interface TaskWish {
  /** What the agent calls it. */
  readonly name: string;
  /** That of the call; the service asks for it this once. */
  readonly token: Secret;
  readonly scopes: readonly string[];
  /** SPIFFE IDs of those for whom tokens will be wanted. */
  readonly audiences: readonly string[];
  /** Milliseconds: for how long it may go on at the most. */
  readonly longest: number;
}

/** What the token service granted. */
export interface GrantedTask {
  /** Its ID, which is exchanged in place of a token from now on. */
  readonly grant: string;
  readonly scopes: readonly string[];
  /** Milliseconds, counted from the question. */
  readonly lifetime: number;
}

/** What can stand in a path and in a form as it is. */
const GRANT = /^[A-Za-z0-9._~-]{1,128}$/;

/**
 * Registers work at the token service.
 *
 * @throws Refusal TASK_REFUSED or TOKEN_SERVICE_UNAVAILABLE
 */
export async function registerTask(wish: TaskWish, post: PostForm): Promise<GrantedTask> {
  const answer = await answered(() => post(formOf(wish)));
  const body = bodyOf(answer);
  if (answer.status !== 201) throw refusalOf(answer.status, body, 'TASK_REFUSED');
  if (typeof body === 'string') throw unusable(`it ${body}`);
  checkScope(body, wish);
  const lifetime = Math.min(lifetimeOf(body), wish.longest);
  return { grant: grantOf(body), scopes: scopesOf(body, wish), lifetime };
}

/**
 * Gives a grant back. One that the service does not know (any more) is as good as given back.
 *
 * @throws Refusal TOKEN_SERVICE_UNAVAILABLE if nobody can say that it has ended
 */
export async function endTask(remove: () => Promise<FormAnswer>): Promise<void> {
  const answer = await answered(remove);
  if (answer.status === 204) return;
  const body = bodyOf(answer);
  const error = typeof body === 'string' ? undefined : member(body, 'error');
  if (answer.status === 400 && error === 'invalid_request') return;
  throw unusable(`status ${answer.status}`);
}

function formOf({ name, token, scopes, audiences, longest }: TaskWish): string {
  const form = new URLSearchParams({ task: name, subject_token: token.reveal() });
  form.set('scope', scopes.join(' '));
  form.set('lifetime', String(Math.floor(longest / 1000)));
  for (const audience of audiences) form.append('audience', audience);
  return form.toString();
}

function grantOf(body: JsonObject): string {
  const grant = member(body, 'grant');
  if (typeof grant === 'string' && GRANT.test(grant)) return grant;
  throw unusable('it names no grant');
}

function scopesOf(body: JsonObject, wish: TaskWish): readonly string[] {
  const given = member(body, 'scope');
  return typeof given === 'string' ? given.split(' ').filter(Boolean) : wish.scopes;
}
