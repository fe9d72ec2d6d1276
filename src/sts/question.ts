import {
  newCallId,
  type Principal,
  type TokenAnswer,
  type TokenGrantKind,
  type VerifiedPeer,
} from '../call/index.ts';

/** What becomes known of one request for a token, until it is recorded. */
export class TokenQuestion {
  readonly id = newCallId();
  readonly time: number;
  readonly peer: VerifiedPeer;
  grant: TokenGrantKind = 'none';
  /** As the policy calls whoever holds the certificate. */
  client: string | undefined = undefined;
  /** As our tokens name it. */
  subject: string | undefined = undefined;
  subjectToken: { readonly issuer: string; readonly tokenId: string } | undefined = undefined;
  audience: string | undefined = undefined;
  asked: string | undefined = undefined;
  given: readonly string[] = [];
  actors: readonly Principal[] = [];
  token: { readonly id: string; readonly expiresAt: number } | undefined = undefined;
  taskGrant: string | undefined = undefined;
  /** Whether a token or a task grant was given. */
  granted = false;
  #refused: { readonly code: string; readonly detail: string } | undefined = undefined;

  constructor(time: number, peer: VerifiedPeer) {
    this.time = time;
    this.peer = peer;
  }

  refuse(code: string, detail: string): void {
    this.#refused = { code, detail };
  }

  /** Without a grant and without a refusal, something has gone wrong that nobody foresaw. */
  answer(): TokenAnswer {
    const { id, time, peer, grant, client, subject, subjectToken, audience, asked } = this;
    const about = { id, time, peer, grant, client, subject, subjectToken, audience, asked };
    const { taskGrant, given, actors, token } = this;
    const refused = this.#refused ?? (this.granted ? undefined : UNFORESEEN);
    if (refused === undefined)
      return {
        ...about,
        decision: 'allow',
        code: 'OK',
        detail: undefined,
        taskGrant,
        given,
        actors,
        token,
      };
    return {
      ...about,
      decision: 'deny',
      ...refused,
      taskGrant,
      given: [],
      actors,
      token: undefined,
    };
  }
}

const UNFORESEEN = { code: 'server_error', detail: '' };
