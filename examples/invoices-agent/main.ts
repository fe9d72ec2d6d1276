import { parseArgs } from 'node:util';
import { startInvoicesAgent } from './server.ts';

export { startInvoicesAgent, type InvoicesAgent } from './server.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { listen: { type: 'string', default: '127.0.0.1:3000' } },
  });
  const agent = await startInvoicesAgent(values);

  const stop = () => void agent.close();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Last: whoever reads this line may stop the agent at once.
  console.log(`invoices-agent listens on ${agent.socketPath ?? agent.origin}`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(`invoices-agent: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
