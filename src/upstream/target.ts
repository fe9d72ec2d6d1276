import { isIPv4 } from 'node:net';
import { z } from 'zod';

/** Where the agent listens. */
export type UpstreamTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const FORMS = 'unix:/path/to.sock or http://host:port';

/** `inbound.upstream` as it stands in a file; its value is an `UpstreamTarget`, a relative path left as it is. */
export const upstreamShape = z
  .string({ error: `must be ${FORMS}` })
  .transform((text, context): UpstreamTarget => {
    const target = parseUpstream(text);
    if (typeof target !== 'string') return target;
    context.issues.push({ code: 'custom', message: target, input: text });
    return z.NEVER;
  });

/** The target, or a predicate that says what is wrong (`must be …`). */
export function parseUpstream(text: string): UpstreamTarget | string {
  if (text.startsWith('unix:')) return parseSocketPath(text.slice('unix:'.length));
  if (/^https:/i.test(text))
    return 'must be reached without TLS for now: put the agent on loopback or a Unix socket';
  // A URL drops blanks and line breaks without a word.
  if (!/^http:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return `must be ${FORMS}`;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not carry a user or password';
  if (url.pathname !== '/' || /[?#]/.test(text))
    return 'must end after the port: the path of each call is passed on as it is';
  if (url.port === '0') return 'must name the port that the agent listens on';
  return { kind: 'tcp', host: url.hostname, port: url.port === '' ? 80 : Number(url.port) };
}

function parseSocketPath(path: string): UpstreamTarget | string {
  if (path === '' || path.includes('\0')) return `must be ${FORMS}`;
  return { kind: 'unix', path };
}

/** The `host` field that the agent is to see. */
export function authorityOf(target: UpstreamTarget): string {
  if (target.kind === 'unix') return 'localhost';
  return target.port === 80 ? target.host : `${target.host}:${target.port}`;
}

/** For people: the form in which the target is written in the configuration. */
export function showTarget(target: UpstreamTarget): string {
  return target.kind === 'unix' ? `unix:${target.path}` : `http://${target.host}:${target.port}`;
}

/** Whether what is sent there in plain text cannot leave this machine: names other than `localhost` could. */
export function isLocal(target: UpstreamTarget): boolean {
  if (target.kind === 'unix') return true;
  const { host } = target;
  if (host === 'localhost' || host === '[::1]') return true;
  return isIPv4(host) && host.startsWith('127.');
}
