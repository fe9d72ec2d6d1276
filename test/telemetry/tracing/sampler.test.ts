import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createSampler } from '../../../src/telemetry/tracing/sampler.ts';

const many = { callerTraces: 1_000_000 };
const now = () => 0;
const id = (random: string) => `${'a'.repeat(18)}${random}`;

it.each([
  { sample: 1, random: '00000000000000', recorded: true },
  { sample: 0.5, random: '80000000000000', recorded: true },
  { sample: 0.5, random: '7fffffffffffff', recorded: false },
  { sample: 0.25, random: 'c0000000000000', recorded: true },
  { sample: 0.25, random: 'bfffffffffffff', recorded: false },
  { sample: 0.1, random: 'ffffffffffffff', recorded: true },
  { sample: 0, random: 'ffffffffffffff', recorded: false },
])('at a rate of $sample, a trace ID that ends in $random: $recorded', (row) => {
  const one = createSampler({ sample: row.sample, ...many }, now);
  const another = createSampler({ sample: row.sample, ...many }, now);
  for (const sampler of [one, another, one])
    expect(sampler(id(row.random), true)).toBe(row.recorded);
});

it('what a lower rate records, a higher one does too', () => {
  const samplers = [0.01, 0.1, 0.5, 0.9].map((sample) => createSampler({ sample, ...many }, now));
  for (let i = 0; i < 2000; i++) {
    const traceId = randomBytes(16).toString('hex');
    const answers = samplers.map((sampler) => Number(sampler(traceId, false)));
    expect(answers).toEqual(answers.toSorted());
  }
});

it('the rate is the part of random trace IDs that is recorded', () => {
  const sampler = createSampler({ sample: 0.1, ...many }, now);
  const spread = Array.from({ length: 1000 }, (_, i) =>
    Math.floor(((i + 0.5) / 1000) * 2 ** 52)
      .toString(16)
      .padStart(13, '0'),
  );
  expect(spread.filter((random) => sampler(id(`${random}0`), false))).toHaveLength(100);
});

it('callers cannot have more recorded in a second than the bound, and take nothing from our own', () => {
  let time = 0;
  const sampler = createSampler({ sample: 1, callerTraces: 3 }, () => time);
  const asked = (continued: boolean) =>
    Array.from({ length: 10 }, () => sampler(id('ffffffffffffff'), continued));
  expect(asked(true).filter(Boolean)).toHaveLength(3);
  expect(asked(false).filter(Boolean)).toHaveLength(10);
  time = 1000;
  expect(asked(true).filter(Boolean)).toHaveLength(3);
});
