import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Vitest hands these to Node as well, also for require(): with `import` among them, pg would get the wrong pg-pool.
const conditions = ['loadline-source', 'node'];

/**
 * Two kinds of tests: `unit` is pure or stays within the process, and shares its workers; `integration`
 * (*.int.test.ts) starts real servers and processes, each file in a process of its own.
 */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Tests of real servers mostly wait: a minute and a half of agents, say, is ten seconds of work. Twice as many workers as
    // cores would use the cores up, and who measures real time would find them busy.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // They start the command some hundred times: what was compiled at one start is read at the next ones.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.int.test.ts'],
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['**/test/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Real servers have real time limits, and a machine that others use too stands still now and then. Who passes at the second
          // try is told as such, and to be mended; what is wrong with the code fails both.
          retry: 1,
        },
      },
    ],
  },
});

export default config;
