import { defineConfig } from 'vitest/config'

/** Suites that take minutes or need optional machinery; `npm run test:slow` sets SHOAL_SLOW. */
const slow = process.env['SHOAL_SLOW'] === '1'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: slow ? ['test/**/*.slow.ts'] : ['test/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Nets for what hangs, and no measure of speed: a machine that is twenty times slower must not fail a test that only waits.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 120_000,
    expect: { poll: { timeout: 300_000 } }
  }
})
