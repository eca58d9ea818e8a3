/** How many samples a second does the store take, and how soon is a month of them a chart? */
import { startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { openStore } from 'loadline/store';
import type { BenchOptions, Row } from './harness.ts';
import { measureCharts } from './store/charts.ts';
import { measureWriting } from './store/writing.ts';

export const parts: readonly string[] = ['writing', 'charts'];

export async function run(options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  // What is acknowledged must survive a crash, also here: a temporary server would not wait for the disk.
  const settings = { fsync: 'on', full_page_writes: 'on', shared_buffers: '1GB', max_wal_size: '8GB' };
  await using server = await startPostgres({ settings });
  const postgres = createPostgres({ url: server.url });
  const dayMs = 24 * 60 * 60 * 1000;
  const retention = { rawMs: 32 * dayMs, minutesMs: 32 * dayMs };
  const store = await openStore(postgres, { clock: systemClock, retention, latenessMaxMs: 31 * dayMs });
  try {
    if (options.only !== 'charts') rows.push(...(await measureWriting(store, server.url, options)));
    if (options.only !== 'writing') rows.push(...(await measureCharts(store, postgres, options)));
  } finally {
    await store.close();
    await postgres.close();
  }
  return rows;
}
