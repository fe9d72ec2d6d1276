// npm start: a CA, three identities, the sample agent, and the sidecar in front of it, until Ctrl-C.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { serve, startSidecar } from '../src/app/index.ts';
import { ensure, watchRenewal } from '../src/ca/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { OperatorFault, renderListen, systemClock } from '../src/lib/index.ts';
import { TrustDomain } from '../src/spiffe/index.ts';

const HOME = resolve(import.meta.dirname, '..');
const CERTS = resolve(HOME, 'certs');
const SOCKET = resolve(HOME, 'run/invoices-agent.sock');
const HOUR = 3_600_000;
const NAMES = { dns: ['localhost'], ip: ['127.0.0.1', '::1'] };

let agent: ChildProcess | undefined;
// Until the sidecar takes over the signals, they end this at once; the agent never outlives it.
const interrupted = (): never => process.exit(130);
process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
process.on('exit', () => agent?.kill('SIGTERM'));

try {
  process.chdir(HOME);
  makeCertificates();
  await startAgent();
  await run();
} catch (error) {
  if (!(error instanceof OperatorFault)) throw error;
  process.stderr.write(`${error.render()}\n`);
  process.exitCode = error.exitCode;
} finally {
  await stopAgent();
}

function makeCertificates(): void {
  const { caCreated, minted, renewal } = ensure({
    folder: CERTS,
    trustDomain: TrustDomain.parse('acme.test'),
    agents: [{ name: 'invoices', ...NAMES }, { name: 'billing' }, { name: 'planner' }],
    now: systemClock,
  });
  if (caCreated) say('made a certificate authority in certs/, for this machine only');
  for (const { name, id } of minted) say(`minted certs/${name}.crt  ${id}`);
  for (const { name } of renewal.renewed) say(`renewed ${name}`);
  for (const { fault } of renewal.failed) say(fault.render());
}

async function startAgent(): Promise<void> {
  if (await answers(SOCKET))
    throw new OperatorFault(
      'the sample agent runs already: npm start is running in another terminal',
      'End that one with Ctrl-C first.',
    );
  mkdirSync(resolve(HOME, 'run'), { recursive: true });
  const main = resolve(HOME, 'examples/invoices-agent/main.ts');
  const child = spawn(process.execPath, [main, '--listen', `unix:${SOCKET}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for the sidecar: the agent goes after the last call has ended.
    detached: true,
  });
  agent = child;
  const ready = once(child.stdout, 'data');
  const gone = once(child, 'exit').then(() => {
    throw new OperatorFault('the sample agent could not be started', 'Its own message is above.', {
      exitCode: 1,
    });
  });
  await Promise.race([ready, gone]);
  gone.catch(() => undefined);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function stopAgent(): Promise<void> {
  if (agent?.exitCode !== null || agent.signalCode !== null) return;
  agent.kill('SIGTERM');
  await once(agent, 'exit');
}

async function run(): Promise<void> {
  const file = resolve(HOME, 'sidegate.yaml');
  const { config } = loadConfig(file, {
    flags: {},
    trust: [],
    variables: process.env,
    folder: HOME,
  });
  const terminal = process.stderr.isTTY;
  const colours = terminal && process.env.NO_COLOR === undefined;
  const write = (text: string) => void process.stderr.write(text);
  const sidecar = await startSidecar({ config, output: { write, terminal, colours }, file });
  const renewal = watchRenewal({
    folder: CERTS,
    intervalMs: HOUR,
    now: systemClock,
    // The sidecar notices by itself.
    onRenewed: ({ renewed }) => say(`renewed ${renewed.map(({ name }) => name).join(', ')}`),
    onError: (fault) => say(fault.render()),
  });
  say(invitation(renderListen(sidecar.address)));
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  await serve(() => Promise.resolve(sidecar), process);
  renewal.stop();
}

function invitation(address: string): string {
  const as = (name: string) => `--cert certs/${name}.crt --key certs/${name}.key`;
  const curl = 'curl --cacert certs/ca.crt';
  const at = `https://${address}/invoices`;
  return `
  allowed:         ${curl} ${as('billing')} ${at}
  denied:          ${curl} ${as('planner')} -X POST ${at}
  no certificate:  ${curl} ${at}
  and then:        npx sidegate why

Ctrl-C ends it.
`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
