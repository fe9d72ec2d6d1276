import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only against tests that hang: none asserts a time.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // Many tests wait more than they work.
    maxWorkers: 2,
    reporters: ['default'],
  },
});
