import { connect } from 'node:net';
import type { Listen } from '../../lib/index.ts';

const PATIENCE = 2000;
const MAX_ANSWER = 16_384;

export interface Health {
  readonly ok: boolean;
  /** Codes: those of the sidecar, or what kept it from being asked. */
  readonly reasons: readonly string[];
}

/**
 * One question, written by hand: node:http alone would cost more time to load than the answer takes. Whatever is not
 * plainly a 200 is not healthy.
 */
export async function askStatus(listen: Listen, path: '/livez' | '/readyz'): Promise<Health> {
  try {
    const answer = await exchange(listen, `GET ${path} HTTP/1.0\r\n\r\n`);
    const status = /^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1];
    if (status === '200') return { ok: true, reasons: [] };
    const named = reasonsIn(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    return { ok: false, reasons: named.length > 0 ? named : [`HTTP ${status ?? 'unknown'}`] };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { ok: false, reasons: [code] };
  }
}

function exchange(listen: Listen, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const to = listen.kind === 'unix' ? { path: listen.path } : listen;
    const socket = connect({ ...to, timeout: PATIENCE });
    let answer = '';
    const late = setTimeout(() => socket.destroy(silence()), PATIENCE);
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      if (answer.length > MAX_ANSWER) socket.end();
    });
    socket.once('error', reject).once('close', () => {
      clearTimeout(late);
      resolve(answer);
    });
    socket.write(question);
  });
}

function silence(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'SILENCE' });
}

function reasonsIn(body: string): readonly string[] {
  try {
    const { reasons } = JSON.parse(body) as { reasons?: unknown };
    return Array.isArray(reasons) ? reasons.map(String).filter((r) => /^[A-Z_]+$/.test(r)) : [];
  } catch {
    return [];
  }
}
