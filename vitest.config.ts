import { defineConfig } from 'vitest/config';

/** Unit tests run on the sources; end-to-end tests drive the built program in `dist/`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'], testTimeout: 30_000, expect: { requireAssertions: true } },
      },
      {
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], pool: 'forks', testTimeout: 180_000, expect: { requireAssertions: true } },
      },
    ],
  },
});
