import { STATUS_CODES } from 'node:http';
import { FAILURES, type FailureCode, type Headers, type Reply } from '../call/index.ts';

/** What a refused caller is told, and nothing else. */
export interface Answerable {
  readonly code: FailureCode;
  readonly id: string;
  /** Named to an identified caller only (RFC 6750, 3.1). */
  readonly missingScopes: readonly string[];
  /** What to answer with, where it is a token that is asked for (RFC 6750, 3); otherwise what the status demands. */
  readonly challenges?: readonly string[];
}

/** The answer to a refused call: problem details (RFC 9457) with the stable code and the call's ID. */
export function answer(refused: Answerable): Reply {
  const { status } = FAILURES[refused.code];
  const bytes = Buffer.from(JSON.stringify(problem(refused)));
  const headers: Headers = [
    ['content-type', 'application/problem+json'],
    ['content-length', String(bytes.length)],
    ['cache-control', 'no-store'],
    ['x-request-id', refused.id],
    ...challenge(refused, status),
  ];
  return { status, headers, body: { kind: 'bytes', bytes } };
}

/** The same answer as bytes, for a socket that never became a call; it closes the connection. */
export function rawAnswer(refused: Answerable): Buffer {
  const { status, headers, body } = answer(refused);
  const lines = [...headers, ['connection', 'close'] as const].map(([n, v]) => `${n}: ${v}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), body.kind === 'bytes' ? body.bytes : Buffer.alloc(0)]);
}

function problem({ code, id, missingScopes }: Answerable): Record<string, unknown> {
  const { stage, status, caller } = FAILURES[code];
  const scopes = missingScopes.length > 0 ? ` It needs: ${missingScopes.join(' ')}.` : '';
  return {
    type: `urn:sidegate:error:${code}`,
    title: STATUS_CODES[status] ?? 'Refused',
    status,
    detail: caller + scopes,
    code,
    stage,
    id,
  };
}

/** The field that the status demands (RFC 9110, 15.5.2, 15.5.6; RFC 6585, 4). `Allow` is empty: it would name routes. */
function challenge({ missingScopes, challenges = [] }: Answerable, status: number): Headers {
  if (challenges.length > 0) return challenges.map((value) => ['www-authenticate', value]);
  switch (status) {
    case 401:
      return [['www-authenticate', 'mTLS']];
    case 403:
      return missingScopes.length === 0
        ? []
        : [
            [
              'www-authenticate',
              `Bearer error="insufficient_scope", scope="${missingScopes.join(' ')}"`,
            ],
          ];
    case 405:
      return [['allow', '']];
    case 429:
    case 503:
      return [['retry-after', '1']];
    default:
      return [];
  }
}
