import { isLoadlineError } from '../base/index.ts';
import type { Queryable } from '../postgres/index.ts';
import { type Page, type PageRequest, readPage } from './page.ts';

/** The figures of load tests that have ended: the table `load_test_results`. Plans and reports are with the tests. */
export interface TestResults {
  /** The newest first. @throws STORE_QUERY_INVALID where `limit` or `after` is none of ours. */
  list(filter?: TestResultFilter): Promise<Page<TestResult>>;
}

/** The figures of one test. */
export interface TestFigures {
  readonly testName: string;
  /** `load`, `stress`, `spike`, `endurance` … */
  readonly testType: string;
  readonly virtualUsers: number;
  readonly durationSeconds: number;
  readonly totalRequests: number;
  readonly successfulRequests: number;
  readonly failedRequests: number;
  /** Absent where nothing answered. */
  readonly averageResponseTimeMs?: number;
  readonly p95ResponseTimeMs?: number;
  readonly p99ResponseTimeMs?: number;
  readonly throughputRps: number;
  readonly errorRatePercent: number;
  readonly startedAtMs: number;
  readonly completedAtMs: number;
}

/** The figures of a test, as they are kept under its id. */
export interface TestResult extends TestFigures {
  /** That of the test. */
  readonly id: string;
}

/** Which results; all that is given must hold. The time is from `fromMs` to before `toMs`. */
export interface TestResultFilter extends PageRequest {
  readonly testName?: string;
  readonly testType?: string;
  /** By when it had ended. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** The results of one database. */
export function createTestResults(queryable: Queryable): TestResults {
  return {
    list: ({ testName, testType, fromMs, toMs, ...page } = {}) =>
      readPage(queryable, source, page, [
        ['test_name = ?', testName],
        ['test_type = ?', testType],
        ['completed_at >= to_timestamp(?::float8 / 1000)', fromMs],
        ['completed_at < to_timestamp(?::float8 / 1000)', toMs],
      ]),
  };
}

/**
 * Keeps the figures of a test, in the transaction that ends it. One that ended longer ago than any partition, or by a clock that is
 * months ahead, ends all the same: its figures are in its report.
 */
export async function keepTestFigures(
  transaction: Queryable,
  id: string,
  figures: TestFigures,
): Promise<void> {
  await transaction.query({ text: 'SAVEPOINT figures' });
  try {
    await insertFigures(transaction, id, figures);
  } catch (error) {
    if (!hasNoPartition(error)) throw error;
    await transaction.query({ text: 'ROLLBACK TO SAVEPOINT figures' });
  }
}

/** A row that fits no partition is refused as one that breaks a check. */
function hasNoPartition(error: unknown): boolean {
  return isLoadlineError(error, 'POSTGRES_CONSTRAINT') && error.facts.sqlState === '23514';
}

async function insertFigures(queryable: Queryable, id: string, figures: TestFigures): Promise<void> {
  await queryable.query(insert, [
    id,
    figures.testName,
    figures.testType,
    figures.virtualUsers,
    Math.round(figures.durationSeconds),
    figures.totalRequests,
    figures.successfulRequests,
    figures.failedRequests,
    figures.averageResponseTimeMs ?? null,
    figures.p95ResponseTimeMs ?? null,
    figures.p99ResponseTimeMs ?? null,
    figures.throughputRps,
    figures.errorRatePercent,
    figures.startedAtMs,
    figures.completedAtMs,
  ]);
}

const insert = {
  name: 'store results keep',
  text: `INSERT INTO load_test_results (id, test_name, test_type, virtual_users, duration_seconds, total_requests,
      successful_requests, failed_requests, average_response_time_ms, p95_response_time_ms, p99_response_time_ms,
      throughput_rps, error_rate_percent, started_at, completed_at)
    VALUES ($1, left($2, 100), left($3, 50), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
      to_timestamp($14::float8 / 1000), to_timestamp($15::float8 / 1000))`,
} as const;

interface Row {
  readonly id: string;
  readonly test_name: string;
  readonly test_type: string;
  readonly virtual_users: number;
  readonly duration_seconds: number;
  readonly total: number;
  readonly successful: number;
  readonly failed: number;
  readonly mean_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  readonly rps: number;
  readonly percent: number;
  readonly started_at: Date;
  readonly completed_at: Date;
}

const source = {
  table: 'load_test_results',
  columns: `id, test_name, test_type, virtual_users, duration_seconds, total_requests::float8 AS total,
    successful_requests::float8 AS successful, failed_requests::float8 AS failed,
    average_response_time_ms::float8 AS mean_ms, p95_response_time_ms::float8 AS p95_ms,
    p99_response_time_ms::float8 AS p99_ms, throughput_rps::float8 AS rps, error_rate_percent::float8 AS percent,
    started_at, completed_at`,
  time: 'completed_at',
  toItem: toResult,
} as const;

function toResult(row: Row): TestResult {
  return {
    id: row.id,
    testName: row.test_name,
    testType: row.test_type,
    virtualUsers: row.virtual_users,
    durationSeconds: row.duration_seconds,
    totalRequests: row.total,
    successfulRequests: row.successful,
    failedRequests: row.failed,
    ...(row.mean_ms === null ? {} : { averageResponseTimeMs: row.mean_ms }),
    ...(row.p95_ms === null ? {} : { p95ResponseTimeMs: row.p95_ms }),
    ...(row.p99_ms === null ? {} : { p99ResponseTimeMs: row.p99_ms }),
    throughputRps: row.rps,
    errorRatePercent: row.percent,
    startedAtMs: row.started_at.getTime(),
    completedAtMs: row.completed_at.getTime(),
  };
}
