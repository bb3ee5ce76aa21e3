import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Unit tests run on the sources; end-to-end tests drive the built program in `dist/`. */
const config: ViteUserConfig = defineConfig({
  test: {
    expect: { requireAssertions: true },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/peers/**', 'test/executors/conformance/**'],
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/{e2e,peers,executors/conformance}/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
          // After the unit tests: what is fast fails first.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
export default config;
