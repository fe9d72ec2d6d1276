/** Calls a second. */
export interface Rate {
  readonly perSecond: number;
  /** As many as come in one second, at least one: what may come at once unless the route says otherwise. */
  readonly burst: number;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `20/s`, `600/m`, `100/h`. Undefined if it is no rate, or one of nothing. */
export function parseRate(text: string): Rate | undefined {
  const match = /^([1-9]\d{0,6})\/([smh])$/.exec(text);
  const seconds = SECONDS[match?.[2] ?? ''];
  if (seconds === undefined) return undefined;
  const perSecond = Number(match?.[1]) / seconds;
  return { perSecond, burst: Math.ceil(perSecond) };
}
