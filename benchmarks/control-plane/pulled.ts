import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '@loadline/local-stack';
import type { LoadReport } from 'loadline/load';
import { createPostgres } from 'loadline/postgres';
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';
import { buildPackages } from './built-packages.ts';
import { startFleet } from './fleet.ts';
import { fillHistory } from './history.ts';
import { leaveTargetCore } from './own-core.ts';
import { type Plane, startPlane } from './plane.ts';
import { read, readsPerSecond } from './reads.ts';

const megabyte = 2 ** 20;
const collected = 'loadline_collected_samples_total';

export async function measurePulled(options: BenchOptions): Promise<Row[]> {
  leaveTargetCore();
  options.progress('building');
  using built = await buildPackages();
  using home = temporaryFolder('home');
  const settings = { fsync: 'on', full_page_writes: 'on', shared_buffers: '1GB', max_wal_size: '8GB' };
  await using server = await startPostgres({ settings });
  await using fleet = await startFleet();
  await fillHistory(server.url, fleet, options);
  await using plane = await startPlane({
    bin: built.bin,
    home: home.path,
    databaseUrl: server.url,
    words: fleet.words,
  });
  options.progress(`ready after ${Math.round(plane.readyMs)} ms, warming up`);
  await sleep(15_000);
  await read({ bin: built.bin, plane }, 5);
  const from = await look(plane, server.url);
  options.progress(`measuring; ${Math.round(plane.memory().peakBytes / megabyte)} MB until now`);
  const report = await read({ bin: built.bin, plane }, options.short ? 20 : 60);
  const to = await look(plane, server.url);
  const seconds = (to.atMs - from.atMs) / 1000;
  tell(report, options);
  const { peakBytes, residentBytes } = plane.memory();
  return [
    rowOf({ name: 'samples collected', unit: '/s', value: (to.collected - from.collected) / seconds }),
    rowOf({ name: 'rows in the database', unit: '/s', value: (to.rows - from.rows) / seconds }),
    rowOf({
      name: `p95 of ${readsPerSecond} reads/s`,
      unit: 'ms',
      value: report.total.latencyMs?.p95 ?? Number.NaN,
    }),
    rowOf({ name: 'share of its core', unit: '%', value: ((to.cpuMs - from.cpuMs) / seconds / 1000) * 100 }),
    rowOf({ name: 'VmHWM', unit: 'MB', value: peakBytes / megabyte }),
    rowOf({ name: 'VmRSS', unit: 'MB', value: residentBytes / megabyte }),
  ];
}

async function look(
  plane: Plane,
  url: string,
): Promise<{ atMs: number; collected: number; rows: number; cpuMs: number }> {
  const postgres = createPostgres({ url });
  try {
    const { rows } = await postgres.query<{ count: string }>({
      text: 'SELECT count(*) FROM performance_metrics WHERE writer_id <> 0',
    });
    return {
      atMs: performance.now(),
      collected: await plane.counter(collected),
      rows: Number(rows[0]?.count),
      cpuMs: plane.cpuMs(),
    };
  } finally {
    await postgres.close();
  }
}

function tell(report: LoadReport, options: BenchOptions): void {
  options.progress(
    `${report.verdict.status}: ${report.verdict.reasons.join(' ')} ${report.generator.statement}`,
  );
  for (const { name, requests, errors, latencyMs, statuses } of [report.total, ...report.endpoints]) {
    const times = [latencyMs?.p50, latencyMs?.p95, latencyMs?.p99, latencyMs?.max].map((ms) =>
      ms?.toFixed(1),
    );
    options.progress(
      `${name}: ${requests} requests, ${errors} errors, p50/95/99/max ${times.join(' / ')} ${JSON.stringify(statuses)}`,
    );
  }
}
