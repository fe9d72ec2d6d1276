import { z } from 'zod';

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `16KiB` -> 16384. Units: B, KiB, MiB, GiB. Undefined if it is no such amount. */
export function parseBytes(text: string): number | undefined {
  return amount(text, /^(\d{1,9})(B|KiB|MiB|GiB)$/, BYTES);
}

/** `10s` -> 10000 (milliseconds). Units: ms, s, m, h, d. Undefined if it is no such length of time. */
export function parseDuration(text: string): number | undefined {
  return amount(text, /^(\d{1,9})(ms|s|m|h|d)$/, DURATIONS);
}

/** 28800000 -> `8h`: in the largest unit that needs no fraction. */
export function renderDuration(milliseconds: number): string {
  const units = Object.entries(DURATIONS).toReversed();
  const [unit = 'ms', factor = 1] = units.find(([, one]) => milliseconds % one === 0) ?? [];
  return `${milliseconds / factor}${unit}`;
}

function amount(
  text: string,
  form: RegExp,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const match = form.exec(text);
  const factor = units[match?.[2] ?? ''];
  return factor === undefined ? undefined : Number(match?.[1]) * factor;
}

/** An amount of bytes as people write it; its value is a number of bytes. */
export const bytesShape = unitShape(parseBytes, 'a size such as 16KiB (B, KiB, MiB, GiB)');

/** A length of time as people write it; its value is a number of milliseconds. */
export const durationShape = unitShape(parseDuration, 'a time such as 10s (ms, s, m, h, d)');

function unitShape(parse: (text: string) => number | undefined, what: string) {
  return z.string({ error: `must be ${what}` }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: `must be ${what}`, input: text });
    return z.NEVER;
  });
}
