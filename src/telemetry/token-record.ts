import type { TokenAnswer } from '../call/index.ts';
import { clip } from './printable.ts';

const MAX_TEXT = 512;

/** An audit line of the token service: who asked for what, for whom, and what they got. */
export interface TokenRecord {
  readonly time: string;
  readonly event: 'token';
  readonly id: string;
  readonly grant: string;
  readonly decision: 'allow' | 'deny';
  readonly code: string;
  readonly detail: string | undefined;
  readonly agent: string | undefined;
  readonly spiffeId: string;
  readonly certSerial: string;
  readonly certSha256: string;
  readonly address: string;
  readonly subject: string | undefined;
  /** From the client inwards: SPIFFE IDs, others with their issuer before them. */
  readonly chain: readonly string[] | undefined;
  readonly audience: string | undefined;
  readonly asked: string | undefined;
  readonly given: string | undefined;
  readonly subjectIssuer: string | undefined;
  readonly subjectTokenId: string | undefined;
  readonly taskGrant: string | undefined;
  readonly tokenId: string | undefined;
  readonly expires: string | undefined;
}

export function tokenRecord(answer: TokenAnswer): TokenRecord {
  const { peer, token, subjectToken, actors, given } = answer;
  return {
    time: isoTime(answer.time),
    event: 'token',
    id: answer.id,
    grant: answer.grant,
    decision: answer.decision,
    code: answer.code,
    detail: clipped(answer.detail),
    agent: answer.client,
    spiffeId: peer.spiffeId.toString(),
    certSerial: peer.serial,
    certSha256: peer.sha256,
    address: peer.address,
    subject: clipped(answer.subject),
    chain: actors.length === 0 ? undefined : actors.map(nameOf),
    audience: clipped(answer.audience),
    asked: clipped(answer.asked),
    given: given.length === 0 ? undefined : given.join(' '),
    subjectIssuer: clipped(subjectToken?.issuer),
    subjectTokenId: clipped(subjectToken?.tokenId),
    taskGrant: answer.taskGrant,
    tokenId: token?.id,
    expires: token && isoTime(token.expiresAt),
  };
}

function nameOf({ issuer, subject }: TokenAnswer['actors'][number]): string {
  return clip(subject.startsWith('spiffe://') ? subject : `${issuer} ${subject}`, MAX_TEXT);
}

function clipped(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : clip(text, MAX_TEXT);
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
