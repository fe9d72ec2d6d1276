import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newCheckout, printed, start, type Checkout } from './checkout.ts';
import { startAgent, vanished } from './session.ts';

const READY = 'Ctrl-C ends it.';
/** Without npm around it, so that the exit code is the program's own: npm adds what its shell says of Ctrl-C. */
const PROGRAM = `exec '${process.execPath}' examples/start.ts`;

describe('the quickstart, in a checkout without certificates', () => {
  it('prints three lines that end as they say, begins again as it was, and leaves nothing', async () => {
    const checkout = await newCheckout();
    const first = start('npm start', checkout.folder, checkout.env);
    await printed(first, READY);
    expect(first.out()).toContain('made a certificate authority in certs/');
    expect(first.out().match(/^minted certs\/(invoices|billing|planner)\.crt/gm)).toHaveLength(3);
    expect(await statusOf(checkout, first.out(), 'allowed')).toBe(200);
    expect(await statusOf(checkout, first.out(), 'denied')).toBe(403);
    expect(await statusOf(checkout, first.out(), 'no certificate')).toBe(401);
    expect(await output(checkout, line(first.out(), 'and then'))).toMatch(/^✗ NO_CERTIFICATE/);
    await first.interrupt();
    await vanished(checkout.folder);

    const made = certificates(checkout);
    const second = start(PROGRAM, checkout.folder, checkout.env);
    await printed(second, READY);
    expect(second.out()).not.toMatch(/made|minted|renewed/);
    expect(certificates(checkout)).toEqual(made);
    expect(await second.interrupt()).toEqual({ code: 0, signal: null });
    await vanished(checkout.folder);
    expect(second.err()).not.toMatch(/"level":"error"|^\s+at /m);
    expect(readdirSync(join(checkout.folder, 'run'))).toEqual([]);
  });

  it('with its port in use, says so in one sentence, with the remedy, and leaves nothing', async () => {
    const checkout = await newCheckout();
    await take(checkout.ports.inbound);
    const running = start(PROGRAM, checkout.folder, checkout.env);
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(running.err()).toBe(
      `the inbound door cannot listen on 127.0.0.1:${checkout.ports.inbound}: something else listens there already, perhaps another sidegate\n` +
        "  Stop it, or choose another address for 'inbound.listen'.\n",
    );
    await vanished(checkout.folder);
  });

  it('init makes a folder in which the curl line that it prints works', async () => {
    const checkout = await newCheckout();
    const to = `http://127.0.0.1:${await startAgent()}`;
    const orders = join(checkout.folder, '../orders');
    const sidegate = `'${process.execPath}' bin/sidegate.js`;
    const said = await output(checkout, `${sidegate} init orders --upstream ${to} --dir ../orders`);
    const curl = /^ *(curl .*)$/m.exec(said)?.[1]?.replace('8443', String(checkout.ports.inbound));
    const sidecar = start(
      `exec ${sidegate} run --config ../orders/sidegate.yaml`,
      checkout.folder,
      checkout.env,
    );
    await printed(sidecar, 'takes calls on');
    expect(await output({ ...checkout, folder: orders }, `${curl ?? 'false'} -s`)).toBe('hello\n');
    expect(await sidecar.interrupt()).toEqual({ code: 0, signal: null });
    await vanished(checkout.folder);
  });
});

/** The command that the invitation gives under a name. */
function line(invitation: string, name: string): string {
  const command = new RegExp(`^ *${name}: +(.*)$`, 'm').exec(invitation)?.[1];
  if (command === undefined) throw new Error(`no line '${name}' in:\n${invitation}`);
  return command;
}

async function statusOf(checkout: Checkout, invitation: string, name: string): Promise<number> {
  const command = `${line(invitation, name)} -s -o /dev/null -w '%{http_code}'`;
  return Number(await output(checkout, command));
}

async function output({ folder, env }: Checkout, command: string): Promise<string> {
  const running = start(command, folder, env);
  await running.ended;
  return running.out();
}

/** What is in certs/, and that it is the same. */
function certificates({ folder }: Checkout): Record<string, string> {
  const certs = join(folder, 'certs');
  const files = readdirSync(certs, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      createHash('sha256')
        .update(readFileSync(join(parentPath, name)))
        .digest('hex'),
    ]),
  );
}

async function take(port: number): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}
