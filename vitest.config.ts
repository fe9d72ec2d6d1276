import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only against tests that hang: none asserts a time.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // Many tests wait more than they work.
    maxWorkers: 4,
    // No module here keeps anything between two uses, so files may share them: half of the time went into reading them anew.
    isolate: false,
    // Packages as Node itself gives them, without a proxy before each of their names.
    deps: { interopDefault: false },
    reporters: ['default'],
  },
});
