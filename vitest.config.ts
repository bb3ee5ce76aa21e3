import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** What needs Python, or services of scripts/services.sh, and skips itself where they are not. */
const SERVICES = ['test/python/**/*.test.ts', 'test/executors/{conformance,ssh}/**/*.test.ts'];

/** Unit tests run on the sources; end-to-end tests, and those of executors, drive the built program in `dist/`. */
const config: ViteUserConfig = defineConfig({
  test: {
    // What a busy machine is slow with has not failed: the default is one second.
    expect: { requireAssertions: true, poll: { timeout: 30_000, interval: 20 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/peers/**', ...SERVICES],
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/{e2e,peers}/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
          // After the unit tests: what is fast fails first.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'services',
          include: SERVICES,
          pool: 'forks',
          testTimeout: 180_000,
          // They wait for daemons and queues more than they compute.
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
export default config;
