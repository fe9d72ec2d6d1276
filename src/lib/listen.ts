import { z } from 'zod';

/** Where a server takes connections. Port 0 is any free one. */
export type Listen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const FORM = 'host:port, [IPv6 address]:port or unix:path';

/**
 * `127.0.0.1:8443`, `[::1]:8443` or `unix:run/sidegate.sock`. The host is always written out, because a listener on
 * all interfaces should be somebody's decision. Undefined if it is none of these.
 */
export function parseListen(text: string): Listen | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' || path.includes('\0') ? undefined : { kind: 'unix', path };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9._-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  if (match[1] !== undefined && !URL.canParse(`http://[${match[1]}]`)) return undefined;
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port };
}

/** The text that `parseListen` reads. */
export function renderListen(listen: Listen): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return `${host}:${listen.port}`;
}

/** An address to listen on, as people write it; a relative `unix:` path is left as it is. */
export const listenShape = z.string({ error: `must be ${FORM}` }).transform((text, context) => {
  const listen = parseListen(text);
  if (listen !== undefined) return listen;
  context.issues.push({ code: 'custom', message: `must be ${FORM}`, input: text });
  return z.NEVER;
});
