import type { IncomingMessage } from 'node:http';
import { delegationOf, type Asker } from './delegation.ts';
import { actingNow } from './issue.ts';
import type { TokenQuestion } from './question.ts';
import { TokenRefusal } from './refusal.ts';
import { askedScopes, narrowedScopes } from './scopes.ts';
import type { ReadSubject } from './subject.ts';
import { narrowedAudiences } from './target.ts';
import type { TaskGrants } from './task-grants.ts';

/** Bytes; as many as the provider takes of a form. */
const MAX_BODY = 56 * 1024;
const MAX_AUDIENCES = 256;
const TASK = /^[\x21-\x7e]{1,128}$/;
const ONCE = ['task', 'subject_token', 'scope', 'lifetime'] as const;

export interface RegisterParts {
  readonly readSubject: ReadSubject;
  readonly tasks: TaskGrants;
  /** Milliseconds: the longest life of a grant. */
  readonly longest: number;
  readonly now: number;
}

/**
 * Registers work that goes on after its call is over: the subject token is judged as for an exchange, once, and what it
 * hands to the client is kept without it.
 *
 * @throws TokenRefusal
 */
export async function registerTask(
  request: IncomingMessage,
  asker: Asker,
  question: TokenQuestion,
  parts: RegisterParts,
): Promise<object> {
  const form = readForm(await bodyOf(request));
  question.asked = form.scope;
  const subject = await parts.readSubject(form.token);
  if ('detail' in subject)
    throw new TokenRefusal(
      subject.unavailable ? 'temporarily_unavailable' : 'invalid_request',
      subject.detail,
    );
  question.subjectToken = { issuer: subject.subject.issuer, tokenId: subject.tokenId };
  const delegation = delegationOf(subject, asker);
  question.subject = delegation.subject;
  const { actors, agents } = actingNow(delegation, asker);
  const scopes = narrowedScopes(askedScopes(form.scope), delegation.scopes, agents);
  const { client, registry } = asker;
  const audiences = narrowedAudiences(form.audiences, client, registry);
  // Nobody would ever know its ID, and it would count among the client's until it ends.
  if (request.socket.destroyed) throw new TokenRefusal('invalid_request', 'the client has left');
  const life = Math.min(form.lifetime ?? parts.longest, parts.longest);
  const { id, expiresAt } = parts.tasks.register({
    ...{ task: form.task, client: client.spiffeId, subject: delegation.subject },
    ...{ actors: delegation.actors, scopes, audiences, expiresAt: parts.now + life },
  });
  question.audience = audiences.join(' ');
  question.granted = true;
  question.given = scopes;
  question.actors = actors;
  question.taskGrant = id;
  return {
    grant: id,
    expires_in: Math.floor((expiresAt - parts.now) / 1000),
    scope: scopes.join(' '),
  };
}

interface TaskForm {
  readonly task: string;
  readonly token: string;
  readonly scope: string | undefined;
  readonly audiences: readonly string[];
  /** Milliseconds. */
  readonly lifetime: number | undefined;
}

function readForm(form: URLSearchParams): TaskForm {
  const twice = ONCE.find((name) => form.getAll(name).length > 1);
  if (twice !== undefined) throw new TokenRefusal('invalid_request', `${twice} was sent twice`);
  const token = form.get('subject_token');
  const task = form.get('task') ?? '';
  if (token === null) throw new TokenRefusal('invalid_request', 'no subject token');
  if (!TASK.test(task)) throw new TokenRefusal('invalid_request', 'no name of the task');
  const audiences = [...new Set(form.getAll('audience'))];
  if (audiences.length === 0 || audiences.length > MAX_AUDIENCES)
    throw new TokenRefusal('invalid_target', 'no audience was asked for, or too many');
  return { task, token, scope: form.get('scope') ?? undefined, audiences, lifetime: lifeOf(form) };
}

/** Seconds in the form, like `expires_in`. */
function lifeOf(form: URLSearchParams): number | undefined {
  const text = form.get('lifetime');
  if (text === null) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text) * 1000;
  throw new TokenRefusal('invalid_request', 'the lifetime is no number of seconds');
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new TokenRefusal('invalid_request', 'the body is no form');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw new TokenRefusal('invalid_request', 'the body is too long');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
