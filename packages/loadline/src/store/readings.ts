import type { Queryable } from '../postgres/index.ts';

/** What a server used at one moment: a row of `system_resources`. Percentages go up to 999.99. */
export interface ResourceReading {
  /** At most 100 characters. */
  readonly serverId: string;
  readonly atMs: number;
  readonly cpuUsagePercent?: number;
  readonly memoryUsagePercent?: number;
  readonly diskUsagePercent?: number;
  readonly networkIoBytesPerSec?: number;
  readonly activeConnections?: number;
}

/** How a cache did at one moment: a row of `cache_performance`. Percentages go up to 999.99. */
export interface CacheReading {
  /** `redis`, `application`, `cdn`; at most 50 characters. */
  readonly cacheType: string;
  /** At most 200 characters. */
  readonly cacheKeyPattern?: string;
  readonly atMs: number;
  readonly hitRatePercent?: number;
  readonly missRatePercent?: number;
  readonly evictionRatePercent?: number;
  readonly averageResponseTimeMs?: number;
}

/** Readings of servers and caches, as they are; charts are made of samples. */
export interface Readings {
  /** Keeps some of them, in one transaction. */
  writeResources(readings: readonly ResourceReading[]): Promise<void>;
  writeCaches(readings: readonly CacheReading[]): Promise<void>;
  /** The latest of each server that is not older. */
  latestResources(sinceMs: number): Promise<readonly ResourceReading[]>;
  latestCaches(sinceMs: number): Promise<readonly CacheReading[]>;
}

/** The readings of one database. */
export function createReadings(queryable: Queryable): Readings {
  return {
    async writeResources(readings) {
      if (readings.length === 0) return;
      await queryable.query(statements.writeResources, [JSON.stringify(readings)]);
    },
    async writeCaches(readings) {
      if (readings.length === 0) return;
      await queryable.query(statements.writeCaches, [JSON.stringify(readings)]);
    },
    async latestResources(sinceMs) {
      const { rows } = await queryable.query<Reading<ResourceReading>>(statements.latestResources, [sinceMs]);
      return rows.map(({ reading }) => reading);
    },
    async latestCaches(sinceMs) {
      const { rows } = await queryable.query<Reading<CacheReading>>(statements.latestCaches, [sinceMs]);
      return rows.map(({ reading }) => reading);
    },
  };
}

interface Reading<Value> {
  readonly reading: Value;
}

const statements = {
  writeResources: {
    name: 'store readings write resources',
    text: `INSERT INTO system_resources (server_id, cpu_usage_percent, memory_usage_percent, disk_usage_percent,
        network_io_bytes_per_sec, active_connections, timestamp)
      SELECT "serverId", "cpuUsagePercent", "memoryUsagePercent", "diskUsagePercent",
        round("networkIoBytesPerSec"), round("activeConnections"), to_timestamp("atMs" / 1000)
      FROM json_to_recordset($1::json) AS r("serverId" text, "cpuUsagePercent" numeric, "memoryUsagePercent" numeric,
        "diskUsagePercent" numeric, "networkIoBytesPerSec" numeric, "activeConnections" numeric, "atMs" float8)`,
  },
  writeCaches: {
    name: 'store readings write caches',
    text: `INSERT INTO cache_performance (cache_type, cache_key_pattern, hit_rate, miss_rate, eviction_rate,
        average_response_time_ms, timestamp)
      SELECT "cacheType", "cacheKeyPattern", "hitRatePercent", "missRatePercent", "evictionRatePercent",
        "averageResponseTimeMs", to_timestamp("atMs" / 1000)
      FROM json_to_recordset($1::json) AS r("cacheType" text, "cacheKeyPattern" text, "hitRatePercent" numeric,
        "missRatePercent" numeric, "evictionRatePercent" numeric, "averageResponseTimeMs" numeric, "atMs" float8)`,
  },
  latestResources: {
    name: 'store readings latest resources',
    text: `SELECT DISTINCT ON (server_id) json_strip_nulls(json_build_object('serverId', server_id,
        'atMs', (extract(epoch FROM timestamp) * 1000)::float8, 'cpuUsagePercent', cpu_usage_percent,
        'memoryUsagePercent', memory_usage_percent, 'diskUsagePercent', disk_usage_percent,
        'networkIoBytesPerSec', network_io_bytes_per_sec, 'activeConnections', active_connections)) AS reading
      FROM system_resources WHERE timestamp >= to_timestamp($1::float8 / 1000) ORDER BY server_id, timestamp DESC`,
  },
  latestCaches: {
    name: 'store readings latest caches',
    text: `SELECT DISTINCT ON (cache_type, cache_key_pattern) json_strip_nulls(json_build_object(
        'cacheType', cache_type, 'cacheKeyPattern', cache_key_pattern,
        'atMs', (extract(epoch FROM timestamp) * 1000)::float8, 'hitRatePercent', hit_rate,
        'missRatePercent', miss_rate, 'evictionRatePercent', eviction_rate,
        'averageResponseTimeMs', average_response_time_ms)) AS reading
      FROM cache_performance WHERE timestamp >= to_timestamp($1::float8 / 1000)
      ORDER BY cache_type, cache_key_pattern, timestamp DESC`,
  },
} as const;
