// Every benchmark, one after the other: npm run bench
import { benchFlood } from './flood.ts';
import { benchPolicy } from './policy.ts';
import { benchProxy } from './proxy.ts';
import { benchTelemetry } from './telemetry.ts';
import { benchToken } from './token.ts';

for (const bench of [benchPolicy, benchToken, benchTelemetry, benchProxy, benchFlood]) {
  const result = await bench();
  const lines = Array.isArray(result) ? result : result.lines;
  process.stdout.write(`${lines.join('\n')}\n\n`);
}
