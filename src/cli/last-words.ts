type Hook = () => void | Promise<void>;

/** What is still to be done when an error that nobody foresaw ends the process. */
export class LastWords {
  readonly #hooks = new Set<Hook>();

  /** Gives the function that takes it back. */
  add(hook: Hook): () => void {
    this.#hooks.add(hook);
    return () => void this.#hooks.delete(hook);
  }

  /** Begins all of it at once and waits for it, at most `within` milliseconds. Never rejects. */
  async say(within: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, within));
    await Promise.race([late, Promise.allSettled([...this.#hooks].map(said))]);
  }
}

/** A hook that throws must not keep the others from being heard. */
async function said(hook: Hook): Promise<void> {
  await hook();
}
