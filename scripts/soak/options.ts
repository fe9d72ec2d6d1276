/** How hard and how long. Times are milliseconds. */
export interface SoakOptions {
  readonly duration: number;
  readonly agents: number;
  readonly streams: number;
  /** Between two calls of one agent, on average. */
  readonly pause: number;
  /** Between two changes of policy, revocation or kills. */
  readonly changeEvery: number;
  /** Between two crashes of the agent behind the sidecar. */
  readonly crashEvery: number;
  /** Of the callers' certificates, which are renewed when half of it is over. */
  readonly life: number;
  /** What nobody waits longer for: an answer, or a stream that must end. A busy machine may stand still for seconds. */
  readonly patience: number;
  readonly say: (line: string) => void;
}

/** What a soak of that many minutes is. */
export function fullSoak(minutes: number, say: SoakOptions['say']): SoakOptions {
  return {
    duration: minutes * 60_000,
    agents: 200,
    streams: 200,
    pause: 2000,
    changeEvery: 1000,
    crashEvery: 45_000,
    life: 20_000,
    patience: 60_000,
    say,
  };
}

/** What every run of the tests does. */
export const SHORT_SOAK: Omit<SoakOptions, 'say'> = {
  duration: 6000,
  agents: 16,
  streams: 16,
  pause: 150,
  changeEvery: 300,
  crashEvery: 2500,
  life: 6000,
  patience: 20_000,
};

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether the work was done in so many milliseconds. What is not goes on, and nobody waits for it any more. */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, milliseconds, false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks every `every` milliseconds until there is an answer, at most for `within`. */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  within = 20_000,
  every = 50,
): Promise<T | undefined> {
  const end = Date.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || Date.now() > end) return answer;
    await sleep(every);
  }
}
