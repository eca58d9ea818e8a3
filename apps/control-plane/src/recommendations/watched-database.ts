import type { Clock } from 'loadline/base';
import {
  compareServerStatistics,
  type DatabaseSeen,
  readServerStatistics,
  type ServerStatistics,
  watchSlowQueries,
} from 'loadline/database';
import { createPostgres } from 'loadline/postgres';

/** A PostgreSQL that says what is slow. */
export interface WatchedDatabase {
  readonly component: string;
  /** What it says; at most once a minute it is asked anew. @throws POSTGRES_… */
  look(): Promise<DatabaseSeen>;
  close(): Promise<void>;
}

const freshMs = 60_000;
const answerLimitMs = 5000;

/** Over a connection of its own, which it makes at the first look. Whoever made it closes it. */
export function watchDatabase(
  { service, url }: { readonly service: string; readonly url: string },
  clock: Clock,
): WatchedDatabase {
  const component = `database ${service}`;
  const postgres = createPostgres({
    url,
    applicationName: 'loadline recommendations',
    connectionsMax: 1,
    connectTimeoutMs: answerLimitMs,
    acquireTimeoutMs: answerLimitMs,
    statementTimeoutMs: answerLimitMs,
    lockTimeoutMs: answerLimitMs,
  });
  const slowQueries = watchSlowQueries(postgres);
  let before: ServerStatistics | undefined;
  let last: { readonly atMs: number; readonly seen: Promise<DatabaseSeen> } | undefined;

  async function read(): Promise<DatabaseSeen> {
    const slow = await slowQueries.look();
    const statistics = await readServerStatistics(postgres);
    const use = before === undefined ? undefined : compareServerStatistics(before, statistics);
    before = statistics;
    return { component, slow, statistics, use };
  }

  return {
    component,
    look() {
      const atMs = clock.monotonicMs();
      if (last !== undefined && atMs - last.atMs < freshMs) return last.seen;
      last = { atMs, seen: read() };
      last.seen.catch(() => {
        // Who did not answer is asked again by the next one.
        last = undefined;
      });
      return last.seen;
    },
    close: () => postgres.close(),
  };
}
