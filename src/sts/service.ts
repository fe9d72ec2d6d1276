import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Emit, FailureCode, VerifiedPeer } from '../call/index.ts';
import type { Clock, Reloadable } from '../lib/index.ts';
import type { Registry } from './client.ts';
import { giveBackTask } from './give-back.ts';
import { registerGrants } from './grants.ts';
import type { SigningKeys } from './keys.ts';
import { PATHS, metadataOf } from './metadata.ts';
import { createProvider, toldOf } from './provider.ts';
import { TokenQuestion } from './question.ts';
import { TokenRefusal } from './refusal.ts';
import { registerTask } from './register.ts';
import type { ReadSubject } from './subject.ts';
import type { TaskGrants } from './task-grants.ts';

/** What the token service is made of. */
export interface TokenServiceParts {
  /** `iss` of every token, and where clients reach the service: an https origin. */
  readonly issuer: string;
  readonly keys: Pick<Reloadable<SigningKeys>, 'current' | 'onSwap'>;
  /** The policy in force. */
  readonly registry: () => Registry;
  readonly readSubject: ReadSubject;
  readonly tasks: TaskGrants;
  /** Milliseconds: the longest life of a task grant. */
  readonly longestTask: number;
  /** Why a peer that was verified once may not go on. */
  readonly stillTrusted: (peer: VerifiedPeer) => FailureCode | undefined;
  /** Whether what is done can be recorded; otherwise nothing is done. */
  readonly mayRecord: () => boolean;
  readonly now: Clock;
  readonly emit: Emit;
}

/** Somebody on a verified connection, with the certificate that was verified. */
export interface Caller {
  readonly peer: VerifiedPeer;
  readonly certificate: X509Certificate;
}

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type Answered = { readonly status: number; readonly body: object | undefined };

const QUESTIONS: ReadonlySet<string> = new Set([`POST ${PATHS.token}`, `POST ${PATHS.grants}`]);
/** Behind it stands the grant's ID, and nothing else. */
const GIVING_BACK = `DELETE ${PATHS.grants}/`;

/** Answers requests of verified peers. Whatever else is asked for, or goes wrong, there is no token. */
export class TokenService {
  readonly #parts: TokenServiceParts;
  readonly #callers = new WeakMap<IncomingMessage, Caller>();
  readonly #questions = new WeakMap<IncomingMessage, TokenQuestion>();
  #provider: Handle;

  /** @throws what the provider throws for keys that it cannot use */
  constructor(parts: TokenServiceParts) {
    this.#parts = parts;
    this.#provider = this.#build(parts.keys.current);
    parts.keys.onSwap((keys) => {
      this.#provider = this.#build(keys);
    });
  }

  /** Resolves when the request is answered. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    try {
      await this.#answer(request, response, caller);
    } catch (cause) {
      this.#complain(cause);
      request.socket.destroy();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const path = `${request.method ?? ''} ${request.url ?? ''}`;
    const isQuestion = QUESTIONS.has(path) || path.startsWith(GIVING_BACK);
    const refused = this.#refusal(caller.peer);
    if (isQuestion) return this.#question(path, { request, response, caller, refused });
    if (refused !== undefined) return answer(response, refused.status, { error: refused.code });
    if (path === `GET ${PATHS.jwks}`) return this.#provide(request, response, caller);
    const isMetadata = PATHS.metadata.some((known) => path === `GET ${known}`);
    if (isMetadata) answer(response, 200, metadataOf(this.#parts.issuer));
    else answer(response, 404, { error: 'not_found' });
  }

  /** A request about a token or a task grant: recorded once, whatever comes of it. */
  async #question(
    path: string,
    {
      request,
      response,
      caller,
      refused,
    }: {
      readonly request: IncomingMessage;
      readonly response: ServerResponse;
      readonly caller: Caller;
      readonly refused: Refused | undefined;
    },
  ): Promise<void> {
    const question = new TokenQuestion(this.#parts.now(), caller.peer);
    this.#questions.set(request, question);
    question.client = this.#parts.registry().withId(caller.peer.spiffeId.toString())?.name;
    try {
      if (refused !== undefined) {
        question.refuse(refused.code, refused.detail);
        answer(response, refused.status, { error: refused.code });
      } else if (path === `POST ${PATHS.token}`) await this.#provide(request, response, caller);
      else {
        const { status, body } = await this.#onTask(path, request, question);
        answer(response, status, body);
      }
    } finally {
      this.#parts.emit({ kind: 'token-answer', answer: question.answer() });
    }
  }

  /** Certificates expire and are revoked on open connections too. */
  #refusal(peer: VerifiedPeer): Refused | undefined {
    const code = this.#parts.stillTrusted(peer);
    if (code !== undefined) return { status: 401, code: 'invalid_client', detail: code };
    if (this.#parts.mayRecord()) return undefined;
    return { status: 503, code: 'temporarily_unavailable', detail: 'AUDIT_FULL' };
  }

  async #provide(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
  ): Promise<void> {
    this.#callers.set(request, caller);
    await this.#provider(request, response);
  }

  /** A task grant is registered, or given back. */
  async #onTask(
    path: string,
    request: IncomingMessage,
    question: TokenQuestion,
  ): Promise<Answered> {
    try {
      if (!path.startsWith(GIVING_BACK)) return await this.#registered(request, question);
      giveBackTask(path.slice(GIVING_BACK.length), question, this.#parts.tasks);
      return { status: 204, body: undefined };
    } catch (error) {
      if (!(error instanceof TokenRefusal)) this.#complain(error);
      const { code, detail } =
        error instanceof TokenRefusal ? error : { code: 'server_error', detail: 'see the log' };
      question.refuse(code, detail);
      const status = { temporarily_unavailable: 503, server_error: 500 }[code] ?? 400;
      return { status, body: { error: code } };
    }
  }

  async #registered(request: IncomingMessage, question: TokenQuestion): Promise<Answered> {
    const { issuer, readSubject, tasks, longestTask: longest } = this.#parts;
    const registry = this.#parts.registry();
    const client = registry.withId(question.peer.spiffeId.toString());
    question.grant = 'task-grant';
    if (!tasks.enabled) throw new TokenRefusal('invalid_request', 'no task grants are kept here');
    if (client?.disabled !== false) {
      question.refuse('invalid_client', 'no enabled agent with this certificate');
      return { status: 401, body: { error: 'invalid_client' } };
    }
    const parts = { readSubject, tasks, longest, now: this.#parts.now() };
    const asker = { client, registry, issuer };
    return { status: 201, body: await registerTask(request, asker, question, parts) };
  }

  #build(keys: SigningKeys): Handle {
    const { issuer, registry, stillTrusted } = this.#parts;
    const provider = createProvider({
      ...{ issuer, keys, registry },
      certificateOf: (request) => this.#callers.get(request)?.certificate,
      spiffeIdOf: (request) => this.#callers.get(request)?.peer.spiffeId.toString() ?? '',
      isTrusted: (request) => {
        const peer = this.#callers.get(request)?.peer;
        return peer !== undefined && stillTrusted(peer) === undefined;
      },
      claimsOf: (request) => claimsOf(this.#questions.get(request)),
    });
    registerGrants(provider, {
      ...this.#parts,
      questionOf: ({ req }) => questionOf(this.#questions.get(req)),
      certificateOf: ({ req }) => this.#callers.get(req)?.certificate,
      kid: keys[0].kid,
    });
    provider.on('grant.error', ({ req }, error) => {
      const { code, detail } = toldOf(error);
      this.#questions.get(req)?.refuse(code, detail);
    });
    provider.on('server_error', ({ req }, cause) => {
      this.#questions.get(req)?.refuse('server_error', 'see the log');
      this.#complain(cause);
    });
    return provider.callback();
  }

  #complain(cause: unknown): void {
    const message = 'the token service could not answer';
    this.#parts.emit({ kind: 'log', level: 'error', message, cause });
  }
}

interface Refused {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

function questionOf(question: TokenQuestion | undefined): TokenQuestion {
  if (question === undefined) throw new TypeError('a grant for a request that nobody records');
  return question;
}

/** `act` (RFC 8693, 4.1), the client outermost. */
function claimsOf(question: TokenQuestion | undefined): Readonly<Record<string, unknown>> {
  let act: object | undefined;
  for (const { issuer: iss, subject: sub } of question?.actors.toReversed() ?? [])
    act = { iss, sub, ...(act === undefined ? {} : { act }) };
  return act === undefined ? {} : { act };
}

const NOT_STORED = { 'cache-control': 'no-store' };

function answer(response: ServerResponse, status: number, body: object | undefined): void {
  if (body === undefined) return void response.writeHead(status, NOT_STORED).end();
  const text = JSON.stringify(body);
  const fields = { 'content-type': 'application/json', ...NOT_STORED };
  response.writeHead(status, { ...fields, 'content-length': Buffer.byteLength(text) });
  // To HEAD there is no body, and Node takes none.
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
