import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { world } from '../support/harness.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Tells on standard error what is loaded, by a hook of Node's own loader. */
const SPY = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { process._rawDebug('LOADED ' + url); return next(url, context); } });
`)}`;

/** A sidecar of its own process, from its start until `shown` is on its standard error, and then to its end. */
async function run(shown: readonly string[], ...flags: readonly string[]): Promise<string> {
  const { folder } = await world();
  const apart = ['--admin.listen', 'unix:other.sock', '--audit.file', 'other.jsonl'];
  const args = ['--import', SPY, `${ROOT}bin/sidegate.js`, 'run', ...apart, ...flags];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let told = '';
  for await (const chunk of child.stderr.setEncoding('utf8')) {
    told += chunk as string;
    if (!child.killed && shown.every((text) => told.includes(text))) child.kill('SIGTERM');
  }
  await closed;
  return told;
}

const SERVES = 'takes calls on';
const OURS = '/src/telemetry/tracing/otlp.ts';

test('run without tracing loads nothing of OpenTelemetry', async () => {
  const told = await run([SERVES]);
  expect(told).toContain('/src/telemetry/tracing/tracer.ts');
  // The API package is a dependency of prom-client.
  expect(told).not.toMatch(/@opentelemetry\/(?!api\/)/);
  expect(told).not.toContain(OURS);
});

test('run with tracing has it loaded before there is a call', async () => {
  const endpoint = 'http://127.0.0.1:4318/v1/traces';
  const told = await run([SERVES, OURS, 'otlp-transformer'], '--tracing.endpoint', endpoint);
  expect(told).toContain('@opentelemetry/otlp-transformer');
});
