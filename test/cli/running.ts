import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { startSidecar, type Sidecar } from '../../src/app/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { newSandbox, type Sandbox } from './sandbox.ts';

export interface Running {
  readonly box: Sandbox;
  readonly sidecar: Sidecar;
  /** For `--to`. */
  readonly to: string;
  /** The agent behind it goes away. */
  readonly stopAgent: () => Promise<void>;
}

/** A folder as `sidegate init invoices` leaves it, with an agent that says hello, and its sidecar running. */
export async function running(flags: Readonly<Record<string, string>> = {}): Promise<Running> {
  const box = newSandbox();
  const agent = createServer((_, response) => response.end('hello from the agent\n'));
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  const stopAgent = () =>
    new Promise<void>((resolve) => {
      agent.closeAllConnections();
      agent.close(() => resolve());
    });
  onTestFinished(stopAgent);
  const { port } = agent.address() as AddressInfo;
  await box.run('init', 'invoices', '--upstream', `http://127.0.0.1:${port}`);
  const sidecar = await startSidecar({
    config: loadConfig(box.file('sidegate.yaml'), {
      flags: { 'inbound.listen': '127.0.0.1:0', 'status.listen': '127.0.0.1:0', ...flags },
      trust: [],
      variables: {},
      folder: box.folder,
    }).config,
    output: { write: () => undefined, terminal: false, colours: false },
  });
  onTestFinished(async () => {
    sidecar.stopNow();
    await sidecar.drain();
  });
  if (sidecar.address.kind !== 'tcp') throw new TypeError('it listens on TCP');
  return { box, sidecar, to: `https://localhost:${sidecar.address.port}`, stopAgent };
}
