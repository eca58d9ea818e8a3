import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadReport } from 'loadline/load';
import { createPostgres } from 'loadline/postgres';
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';
import { type Plane, startPlane } from './plane.ts';
import { startPushing } from './push.ts';
import { read, readsPerSecond } from './reads.ts';
import type { Rig } from './rig.ts';

const megabyte = 2 ** 20;
const targets = { p95Ms: 50, samplesPerSecond: 20_000, memoryMb: 256 };
const attemptsMax = 3;

/** How samples come: they are asked for of some forty instances each second, of two hundred every five, or a Prometheus writes them. */
export type Way = 'pulled' | 'pulled wide' | 'pushed';

const shapes = {
  // A look begins a second after the one before: one more makes up for what that takes.
  pulled: { instances: 41, everyMs: 1000 },
  'pulled wide': { instances: 200, everyMs: 5000 },
} as const;

/**
 * Reads while samples come in. Until all series are known and the first minutes are rolled up it is warm-up; a run in which the
 * generator was the bottleneck says nothing, and is repeated.
 */
export async function measureReads(way: Way, rig: Rig, options: BenchOptions): Promise<Row[]> {
  using home = temporaryFolder('home');
  await using plane = await startPlane({
    bin: rig.built.bin,
    home: home.path,
    databaseUrl: rig.database.url,
    words: way === 'pushed' ? [] : rig.fleet.words(shapes[way]),
  });
  await using pushing = way === 'pushed' ? startPushing(plane.url) : undefined;
  const reader = { bin: rig.built.bin, plane };
  options.progress(`${way}: ready after ${Math.round(plane.readyMs)} ms, warming up`);
  await sleep(options.short ? 20_000 : 75_000);
  await read(reader, 10);
  for (let attempt = 1; ; attempt++) {
    options.progress(`${way}: measuring, ${Math.round(plane.memory().peakBytes / megabyte)} MB until now`);
    const from = await look(plane, rig.database.url);
    const report = await read(reader, options.short ? 20 : 60);
    const to = await look(plane, rig.database.url);
    tell(report, options);
    if (report.verdict.status !== 'invalid' || attempt === attemptsMax) {
      await pushing?.check();
      return rowsOf(way, { from, to, report, plane });
    }
    options.progress(`${way}: no valid run, attempt ${attempt} of ${attemptsMax}`);
  }
}

interface Sight {
  readonly atMs: number;
  /** That came in, by the control plane's own count. */
  readonly taken: number;
  /** In the database. */
  readonly rows: number;
  /** Refused or dropped by the store, or waiting in memory. */
  readonly lost: number;
  readonly cpuMs: number;
}

async function look(plane: Plane, url: string): Promise<Sight> {
  const postgres = createPostgres({ url });
  try {
    const counted = await postgres.query<{ rows: number }>({
      text: 'SELECT count(*)::float8 AS rows FROM performance_metrics WHERE writer_id <> 0',
    });
    const own = await plane.metrics();
    const samples = (outcome: string): number => own('loadline_store_samples_total', { outcome });
    const waiting = own('loadline_store_samples_waiting');
    return {
      atMs: performance.now(),
      taken: samples('committed') + waiting,
      rows: counted.rows[0]?.rows ?? Number.NaN,
      lost: samples('refused') + samples('dropped') + own('loadline_collected_samples_lost_total'),
      cpuMs: plane.cpuMs(),
    };
  } finally {
    await postgres.close();
  }
}

function rowsOf(
  way: Way,
  run: { readonly from: Sight; readonly to: Sight; readonly report: LoadReport; readonly plane: Plane },
): Row[] {
  const { from, to, report, plane } = run;
  const seconds = (to.atMs - from.atMs) / 1000;
  const isValid = report.verdict.status !== 'invalid';
  const name = `${readsPerSecond} reads/s, samples ${way}${isValid ? '' : ', in no valid run'}`;
  const { latencyMs } = report.total;
  const { peakBytes, residentBytes } = plane.memory();
  const taken = (to.taken - from.taken) / seconds;
  const rows = (to.rows - from.rows) / seconds;
  const ms = (quantile: 'p50' | 'p95' | 'p99'): number => latencyMs?.[quantile] ?? Number.NaN;
  return [
    rowOf({ name: `${name}: p50`, unit: 'ms', value: ms('p50') }),
    rowOf(
      { name: `${name}: p95`, unit: 'ms', value: ms('p95') },
      { target: `below ${targets.p95Ms} ms`, met: isValid && ms('p95') < targets.p95Ms },
    ),
    rowOf({ name: `${name}: p99`, unit: 'ms', value: ms('p99') }),
    ...report.endpoints.map((endpoint) =>
      rowOf({ name: `  p95 of ${endpoint.name}`, unit: 'ms', value: endpoint.latencyMs?.p95 ?? Number.NaN }),
    ),
    rowOf(
      { name: `${name}: errors`, unit: '', value: report.total.errors },
      { target: 'none', met: report.total.errors === 0 },
    ),
    rowOf(
      { name: `samples ${way}`, unit: '/s', value: taken },
      { target: `at least ${targets.samplesPerSecond}/s`, met: taken >= targets.samplesPerSecond * 0.995 },
    ),
    rowOf({ name: `samples ${way}, as rows of the database`, unit: '/s', value: rows }),
    rowOf(
      { name: `samples ${way}: lost`, unit: '', value: to.lost - from.lost },
      { target: 'none', met: to.lost === from.lost },
    ),
    rowOf({
      name: `share of its core, samples ${way}`,
      unit: '%',
      value: (to.cpuMs - from.cpuMs) / seconds / 10,
    }),
    rowOf(
      { name: `most that was resident (VmHWM), samples ${way}`, unit: 'MB', value: peakBytes / megabyte },
      { target: `below ${targets.memoryMb} MB`, met: peakBytes / megabyte < targets.memoryMb },
    ),
    rowOf({
      name: `resident at the end (VmRSS), samples ${way}`,
      unit: 'MB',
      value: residentBytes / megabyte,
    }),
  ];
}

function tell({ verdict, generator, total, endpoints }: LoadReport, { progress }: BenchOptions): void {
  progress(`${verdict.status}: ${generator.statement}`);
  for (const { name, requests, errors, latencyMs, statuses } of [total, ...endpoints]) {
    const { p50, p95, p99, max } = latencyMs ?? {};
    const times = [p50, p95, p99, max].map((each) => each?.toFixed(1)).join(' / ');
    progress(
      `${name}: ${requests}, ${errors} errors, p50/95/99/max ${times} ms, ${JSON.stringify(statuses)}`,
    );
  }
}
