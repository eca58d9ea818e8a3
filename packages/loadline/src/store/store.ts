import type { Clock } from '../base/index.ts';
import { migrate, type Postgres } from '../postgres/index.ts';
import { type Audit, createAudit } from './audit.ts';
import { createDocuments, type Documents } from './documents.ts';
import { createLeases, type Leases } from './leases.ts';
import { createLoadTests, type LoadTests } from './load-tests.ts';
import type { Metrics } from './metrics.ts';
import { createReadings, type Readings } from './readings.ts';
import { SampleWriter } from './sample-writer.ts';
import { createScalingEvents, type ScalingEvents } from './scaling-events.ts';
import { migrations } from './schema.ts';
import { readNames } from './series-names.ts';
import type { SeriesAnswer } from './series-query.ts';
import { SeriesReader } from './series-reader.ts';
import { SummaryReader } from './series-summaries.ts';
import { createTestResults, type TestResults } from './test-results.ts';
import { dayMs, keepTables, startUpkeep } from './upkeep.ts';

/** What is remembered, in one PostgreSQL. Several processes may have the same database open. */
export interface Store extends AsyncDisposable {
  readonly metrics: Metrics;
  readonly readings: Readings;
  readonly tests: LoadTests;
  readonly results: TestResults;
  readonly scalingEvents: ScalingEvents;
  readonly documents: Documents;
  readonly leases: Leases;
  readonly audit: Audit;
  /** What has happened since it was opened, and how much waits now. */
  readonly counts: StoreCounts;
  /** Writes what waits, for at most `closeTimeoutMs`, and stops its timers. The pool stays open: it is the caller's. */
  close(): Promise<void>;
}

/** What a store keeps, for how long, and how much may wait in memory. */
export interface StoreOptions {
  readonly clock: Clock;
  /**
   * A pool of the same database for samples that come in, so that readers who have taken every connection do not hold them up.
   * Default the one that is read by. It stays open as well.
   */
  readonly writePostgres?: Postgres;
  /** What is left out has its default. */
  readonly retention?: Retention;
  /** How this process is called in `metric_writers`. Default `loadline`. */
  readonly name?: string;
  /** Samples that may wait in memory. Default 500,000; the oldest give way and are counted. */
  readonly waitingSamplesMax?: number;
  /** Bytes that these may take, roughly. Default 64 MiB. */
  readonly waitingBytesMax?: number;
  /** After which time a write is said to wait. Default 2,000. */
  readonly patienceMs?: number;
  /** The oldest samples that are taken. Default 24 hours; older ones are refused. */
  readonly latenessMaxMs?: number;
  /** How long `close` tries to write what still waits. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

/** For how long things are kept, in milliseconds; what is older is dropped, a day or a month at a time. */
export interface Retention {
  /** Single samples, and readings. Default 7 days. */
  readonly rawMs?: number;
  /** Default 30 days. */
  readonly minutesMs?: number;
  /** Default 400 days. */
  readonly hoursMs?: number;
  /** Audit log and scaling events. Default 400 days. */
  readonly eventsMs?: number;
  /** Figures of load tests. Default 5 years (1,826 days). */
  readonly resultsMs?: number;
}

/** What has become of the samples. */
export interface StoreCounts {
  /** Samples since the start. */
  readonly committed: number;
  readonly refused: number;
  readonly dropped: number;
  /** Samples of a minute that had been rolled up already; it was rolled up again. */
  readonly late: number;
  /** In memory now. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Attempts to write that failed and were repeated. */
  readonly retries: number;
  /** Whether the database took nothing at the last attempt. */
  readonly isAway: boolean;
  /** Minutes of series that were rolled up. */
  readonly rolledUp: number;
  /** Writers that had died and whose minutes were rolled up for them. */
  readonly recovered: number;
  /** Series that were forgotten because nothing of them is kept any more. */
  readonly prunedSeries: number;
  /** Rounds of upkeep (partitions, recovery, series) that failed. */
  readonly upkeepFailures: number;
}

/**
 * Brings the schema up to date, makes partitions, and opens the store.
 *
 * @throws LoadlineError POSTGRES_MIGRATION_UNKNOWN where the database belongs to a newer version, and POSTGRES_… where
 *   it is away.
 */
export async function openStore(postgres: Postgres, options: StoreOptions): Promise<Store> {
  const { clock, name = 'loadline', retention = {}, latenessMaxMs = dayMs, closeTimeoutMs = 5000 } = options;
  const {
    rawMs = 7 * dayMs,
    minutesMs = 30 * dayMs,
    hoursMs = 400 * dayMs,
    eventsMs = 400 * dayMs,
    resultsMs = 1826 * dayMs,
  } = retention;
  const retentions = { rawMs, minutesMs, hoursMs, eventsMs, resultsMs, latenessMs: latenessMaxMs };
  await migrate(postgres, migrations, { clock });
  await keepTables(postgres, retentions, clock.now());

  const { waitingSamplesMax = 500_000, waitingBytesMax = 64 * 1024 * 1024, patienceMs = 2000 } = options;
  const limits = { waitingSamplesMax, waitingBytesMax, patienceMs, latenessMaxMs };
  const writer = new SampleWriter(options.writePostgres ?? postgres, { clock, name, ...limits });
  const reader = new SeriesReader(postgres, { raw: rawMs, minute: minutesMs, hour: hoursMs });
  const summaries = new SummaryReader(postgres);
  const upkeep = startUpkeep(postgres, { clock, retentions, tick: () => writer.tick() });

  const store: Store = {
    metrics: {
      write: (samples) => writer.write(samples),
      async series(query) {
        const [answer] = await reader.chart(query, [query], clock.now());
        return answer as SeriesAnswer;
      },
      chart: (window, figures) => reader.chart(window, figures, clock.now()),
      latest: (query) => reader.latest(query),
      summaries: (query) => summaries.read(query),
      names: (query) => readNames(postgres, query),
    },
    readings: createReadings(postgres),
    tests: createLoadTests(postgres),
    results: createTestResults(postgres),
    scalingEvents: createScalingEvents(postgres),
    documents: createDocuments(postgres),
    leases: createLeases(postgres),
    audit: createAudit(postgres),
    get counts() {
      return { ...writer.counts, ...upkeep.counts };
    },
    async close() {
      await upkeep.stop();
      await writer.close(closeTimeoutMs);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
}
