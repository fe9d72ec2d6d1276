import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { isHere, linesOf, run, utf8, type Read, type ReadingServer } from './server.ts';

/** Debian's; it gives the bytes of a head and the body, which nginx alone does not write down. */
const ECHO = '/usr/lib/nginx/modules/ngx_http_echo_module.so';

export const nginxIsHere = isHere('nginx') && existsSync(ECHO);

const LINE = JSON.stringify({
  id: '$http_x_request_id',
  status: '$status',
  method: '$request_method',
  target: '$request_uri',
  path: '$uri',
  head: '$echo_client_request_headers',
  body: '$request_body',
});

/** As lenient as it can be made about field names: what it would drop could hide a difference. */
function configuration(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((what) => `${what}_temp_path ${folder}/${what};`)
    .join(' ');
  return `load_module ${ECHO};
${userInfo().uid === 0 ? 'user root;' : ''}
daemon off;
master_process off;
pid ${folder}/pid;
events { worker_connections 256; }
http {
  ${temporary}
  underscores_in_headers on;
  ignore_invalid_headers off;
  keepalive_timeout 60;
  keepalive_requests 100000;
  client_body_in_single_buffer on;
  client_body_buffer_size 128k;
  log_format read escape=json '${LINE}';
  access_log ${folder}/read.log read;
  server {
    listen unix:${folder}/server.sock;
    location / {
      echo_read_request_body;
      echo ok;
    }
  }
}
`;
}

/** nginx on a Unix socket, until the test is over. */
export async function startNginx(): Promise<ReadingServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-nginx-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'nginx.conf');
  const errors = join(folder, 'error.log');
  const socket = join(folder, 'server.sock');
  writeFileSync(file, configuration(folder));
  const args = ['-c', file, '-p', folder, '-e', errors];
  if (!(await run('nginx', args, { path: socket })))
    throw new Error(`nginx ended: ${linesOf(errors).join('\n')}`);
  return {
    upstream: `unix:${socket}`,
    authority: 'localhost',
    reads: () => linesOf(join(folder, 'read.log')).map(readOf),
    complaints: () => linesOf(errors).join('\n'),
  };
}

function readOf(line: string): Read {
  const read = JSON.parse(line) as Record<string, string>;
  const { id = '', method = '', target = '', path = '', head = '', body } = read;
  const [, ...fields] = head.split('\r\n').filter((text) => text !== '');
  return {
    ...{ id, method, target, body, path: utf8(path), status: Number(read.status) },
    fields: fields.map((text) => {
      const colon = text.indexOf(':');
      return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
    }),
  };
}
