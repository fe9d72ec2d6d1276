import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort, isHere, linesOf, run, utf8, type Read, type ReadingServer } from './server.ts';

export const apacheIsHere = isHere('apache2');

/** What it read goes into notes, because the log is written at the very end, also of what it refused. */
const SCRIPT = `
function note(r)
  local lines = {}
  for name, value in pairs(r:headers_in_table()) do lines[#lines + 1] = name .. ': ' .. value end
  r.notes['target'] = r:base64_encode(r.unparsed_uri)
  r.notes['path'] = r:base64_encode(r.uri)
  r.notes['fields'] = r:base64_encode(table.concat(lines, '\\r\\n'))
  return apache2.DECLINED
end

function keep(r)
  coroutine.yield()
  local parts = {}
  while bucket ~= nil do
    parts[#parts + 1] = bucket
    coroutine.yield('')
  end
  r.notes['body'] = r:base64_encode(table.concat(parts))
  coroutine.yield('ok')
end
`;

/** `reflector` gives a body back as it was read, and the filter behind it keeps it; it takes POST only. */
function configuration(folder: string, port: number): string {
  const load = ['mpm_event', 'authz_core', 'lua', 'reflector']
    .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
    .join('\n');
  return `ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex pthread
${load}
${userInfo().uid === 0 ? 'User www-data\nGroup www-data' : ''}
ErrorLog ${folder}/error.log
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
LuaHookFixups ${folder}/read.lua note
LuaOutputFilter KEEP ${folder}/read.lua keep
<Location "/">
  SetHandler reflector
  SetOutputFilter KEEP
</Location>
LogFormat "%>s %m %{X-Request-Id}i %{target}n %{path}n %{fields}n %{body}n" read
CustomLog ${folder}/read.log read
`;
}

/** Apache on a port of its own, until the test is over. */
export async function startApache(): Promise<ReadingServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-apache-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // It reads its script as another user.
  chmodSync(folder, 0o755);
  const file = join(folder, 'apache.conf');
  writeFileSync(join(folder, 'read.lua'), SCRIPT);
  // Between the asking and the taking, somebody else may have had the port.
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort();
    writeFileSync(file, configuration(folder, port));
    const args = ['-X', '-d', folder, '-f', file];
    if (await run('apache2', args, { host: '127.0.0.1', port })) return serverOf(folder, port);
  }
  throw new Error(`apache2 ended: ${linesOf(join(folder, 'error.log')).join('\n')}`);
}

function serverOf(folder: string, port: number): ReadingServer {
  return {
    upstream: `http://127.0.0.1:${port}`,
    authority: `127.0.0.1:${port}`,
    // The connection that asked whether it is ready leaves a line without a request.
    reads: () =>
      linesOf(join(folder, 'read.log'))
        .filter((line) => !line.startsWith('408 '))
        .map(readOf),
    complaints: () => linesOf(join(folder, 'error.log')).join('\n'),
  };
}

function readOf(line: string): Read {
  const [status, method = '', id = '', target, path, fields, body] = line.split(' ');
  return {
    ...{ id, method, status: Number(status), target: decode(target), path: utf8(decode(path)) },
    fields: decode(fields)
      .split('\r\n')
      .map((text) => {
        const colon = text.indexOf(': ');
        return [text.slice(0, colon).toLowerCase(), text.slice(colon + 2)];
      }),
    body: method === 'POST' ? decode(body) : undefined,
  };
}

function decode(base64 = ''): string {
  return base64 === '-' ? '' : Buffer.from(base64, 'base64').toString('latin1');
}
