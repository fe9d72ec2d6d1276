/** When the agent behind the sidecar was, or may have been, away. */
export class Crashes {
  readonly #windows: { from: number; until: number | undefined }[] = [];

  begin(): void {
    this.#windows.push({ from: Date.now(), until: undefined });
  }

  end(): void {
    const last = this.#windows.at(-1);
    if (last !== undefined) last.until = Date.now();
  }

  overlap(from: number, until: number): boolean {
    return this.#windows.some((one) => one.from <= until && (one.until ?? Infinity) >= from);
  }
}
