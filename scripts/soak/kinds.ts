import type { Granted } from './rights.ts';

/** A kind of call: what is sent, what it takes, and what a right answer to it is. */
export interface Kind {
  readonly name: string;
  /** How often, compared with the others. */
  readonly weight: number;
  readonly method: string;
  readonly path: string;
  /** Sent one after the other; with `slow`, with pauses. */
  readonly parts?: readonly Buffer[];
  /** Whether the length is told before. */
  readonly length?: boolean;
  /** Milliseconds between parts that are sent, or chunks that are read. */
  readonly slow?: number;
  /** The code for an agent that is given this and is not shut out as a whole. */
  readonly code: (granted: Granted) => string;
  readonly right: (text: string, bytes: number, agent: string) => boolean;
}

const needs =
  (scope: string, then = 'OK') =>
  ({ scopes }: Granted) =>
    scopes.includes(scope) ? then : 'SCOPE_MISSING';
const never = () => false;
const uploaded = (wanted: number) => (text: string) => text.includes(`"bytes":${wanted},`);
const DOWNLOAD = 256 * 1024;

export const KINDS: readonly Kind[] = [
  {
    ...{ name: 'who am I', weight: 6, method: 'GET', path: '/whoami' },
    code: () => 'OK',
    right: (text, _, agent) => text.includes(`"x-sidegate-agent":"${agent}"`),
  },
  {
    ...{ name: 'list', weight: 6, method: 'GET', path: '/invoices?status=open' },
    code: needs('invoices:read'),
    right: (text) => text.startsWith('{"invoices":['),
  },
  {
    ...{ name: 'upload', weight: 4, method: 'POST', path: '/upload' },
    ...{ parts: [Buffer.alloc(4096, 'a')], length: true },
    code: needs('invoices:write'),
    right: uploaded(4096),
  },
  {
    ...{ name: 'slow sender', weight: 1, method: 'POST', path: '/upload', slow: 150 },
    parts: Array.from({ length: 8 }, () => Buffer.alloc(777, 'b')),
    code: needs('invoices:write'),
    right: uploaded(8 * 777),
  },
  {
    ...{ name: 'slow reader', weight: 1, method: 'GET', slow: 40 },
    path: `/download?bytes=${DOWNLOAD}`,
    code: needs('invoices:read'),
    right: (_, bytes) => bytes === DOWNLOAD,
  },
  {
    ...{ name: 'too large', weight: 1, method: 'POST', path: '/invoices' },
    ...{ parts: [Buffer.alloc(2048, ' ')], length: true },
    code: needs('invoices:write', 'TOO_LARGE'),
    right: never,
  },
  {
    ...{ name: 'no route', weight: 2, method: 'GET', path: '/admin' },
    code: () => 'NO_ROUTE',
    right: never,
  },
  {
    ...{ name: 'wrong method', weight: 1, method: 'DELETE', path: '/whoami' },
    code: () => 'METHOD_NOT_ALLOWED',
    right: never,
  },
];

export const STREAM: Kind = {
  ...{ name: 'stream', weight: 0, method: 'GET', path: '/events?every=1000' },
  code: needs('events:read'),
  right: () => true,
};

const TOTAL = KINDS.reduce((sum, { weight }) => sum + weight, 0);

export function anyKind(): Kind {
  let left = Math.random() * TOTAL;
  return KINDS.find(({ weight }) => (left -= weight) < 0) ?? STREAM;
}
