// Everything at once against one sidecar: npm run soak -- --minutes 10
import { parseArgs } from 'node:util';
import { fullSoak, SHORT_SOAK } from './soak/options.ts';
import { soak } from './soak/soak.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const minutes = Number(values.minutes ?? 10);
if (!(minutes > 0 && minutes <= 24 * 60)) throw new RangeError('--minutes takes 1 to 1440');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const begun = Date.now();
const { table, faults } = await soak(
  values.short ? { ...SHORT_SOAK, say } : fullSoak(minutes, say),
);
say(`\n${((Date.now() - begun) / 1000).toFixed(0)} s in all`);
for (const row of table) say(row);
if (faults.length > 0) say(`\nFAILED: ${faults.join(', ')}`);
process.exitCode = faults.length === 0 ? 0 : 1;
