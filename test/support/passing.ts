import { onTestFinished, vi } from 'vitest';

/** Makes the clock that only goes forward do so at once, by so many milliseconds each time, until the test is over. */
export function passing(): (milliseconds: number) => void {
  const real = performance.now.bind(performance);
  let passed = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => real() + passed);
  onTestFinished(() => spy.mockRestore());
  return (milliseconds) => void (passed += milliseconds);
}
