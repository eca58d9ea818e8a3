/**
 * What is measured. `performance_metrics`, `system_resources` and `cache_performance` have the names and columns of the
 * wedding platform's design, and more. Wider than there are numbers that would not fit (a value in bytes, the sum of 64
 * cores in percent) and names that Prometheus makes longer.
 *
 * `metric_value` is DOUBLE PRECISION: what comes in is one already, and it keeps 15 digits of any magnitude in 8 bytes.
 * NUMERIC would keep decimal fractions exactly, which no measurement has.
 *
 * Ids are uuidv7() where the server has it, from PostgreSQL 18 on: they grow with time, so that an index of them is
 * written at its end and not all over. A server before 18 gets gen_random_uuid() and is a little slower.
 */
export const samplesSql = `
CREATE TABLE metric_families (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  metric_type varchar(200) NOT NULL,
  service_name varchar(100) NOT NULL,
  unit varchar(20) NOT NULL,
  UNIQUE (metric_type, service_name, unit)
);

CREATE TABLE metric_series (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  family_id int NOT NULL REFERENCES metric_families,
  metric_type varchar(200) NOT NULL,
  service_name varchar(100) NOT NULL,
  endpoint varchar(255) NOT NULL DEFAULT '',
  instance varchar(100) NOT NULL DEFAULT '',
  unit varchar(20) NOT NULL,
  labels jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (metric_type, service_name, endpoint, instance, unit, labels)
);

CREATE TABLE metric_writers (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now(),
  rolled_until timestamptz NOT NULL
);

CREATE TABLE performance_metrics (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  metric_type varchar(200) NOT NULL,
  service_name varchar(100) NOT NULL,
  endpoint varchar(255),
  metric_value double precision NOT NULL,
  unit varchar(20) NOT NULL,
  timestamp timestamptz NOT NULL DEFAULT now(),
  metadata jsonb DEFAULT '{}',
  instance varchar(100),
  histogram bytea,
  series_id int,
  writer_id int,
  PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);
CREATE INDEX performance_metrics_series ON performance_metrics (series_id, timestamp);
CREATE INDEX performance_metrics_time ON performance_metrics USING brin (timestamp) WITH (pages_per_range = 32);

CREATE TABLE metric_minutes (
  series_id int NOT NULL,
  minute timestamptz NOT NULL,
  writer_id int NOT NULL,
  count bigint NOT NULL,
  sum double precision NOT NULL,
  min double precision NOT NULL,
  max double precision NOT NULL,
  last double precision NOT NULL,
  last_at timestamptz NOT NULL,
  histogram bytea NOT NULL,
  PRIMARY KEY (series_id, minute, writer_id)
) PARTITION BY RANGE (minute);
CREATE INDEX metric_minutes_time ON metric_minutes USING brin (minute) WITH (pages_per_range = 16);

CREATE TABLE metric_hours (
  series_id int NOT NULL,
  hour timestamptz NOT NULL,
  writer_id int NOT NULL,
  count bigint NOT NULL,
  sum double precision NOT NULL,
  min double precision NOT NULL,
  max double precision NOT NULL,
  last double precision NOT NULL,
  last_at timestamptz NOT NULL,
  histogram bytea NOT NULL,
  PRIMARY KEY (series_id, hour, writer_id)
) PARTITION BY RANGE (hour);

CREATE TABLE system_resources (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  server_id varchar(100) NOT NULL,
  cpu_usage_percent numeric(8,2),
  memory_usage_percent numeric(5,2),
  disk_usage_percent numeric(5,2),
  network_io_bytes_per_sec bigint,
  active_connections integer,
  timestamp timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);
CREATE INDEX system_resources_server ON system_resources (server_id, timestamp);

CREATE TABLE cache_performance (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  cache_type varchar(50) NOT NULL,
  cache_key_pattern varchar(200),
  hit_rate numeric(5,2),
  miss_rate numeric(5,2),
  eviction_rate numeric(5,2),
  average_response_time_ms numeric(14,3),
  timestamp timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);
CREATE INDEX cache_performance_cache ON cache_performance (cache_type, cache_key_pattern, timestamp);

DO $$
DECLARE named text;
BEGIN
  IF to_regprocedure('uuidv7()') IS NOT NULL THEN
    FOREACH named IN ARRAY ARRAY['performance_metrics', 'system_resources', 'cache_performance'] LOOP
      EXECUTE format('ALTER TABLE %I ALTER COLUMN id SET DEFAULT uuidv7()', named);
    END LOOP;
  END IF;
END $$;
`;
