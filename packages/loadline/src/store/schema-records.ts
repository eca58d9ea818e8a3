/**
 * What happened and what is wanted. `load_test_results` and `auto_scaling_events` have the names and columns of the
 * wedding platform's design. A result has the id of its test; its table is cut into partitions by a later step.
 */
export const recordsSql = `
CREATE TABLE load_tests (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name varchar(100) NOT NULL,
  type varchar(50) NOT NULL,
  state varchar(20) NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'running', 'cancelling', 'finished', 'failed', 'cancelled', 'interrupted')),
  plan jsonb NOT NULL,
  requested_by text NOT NULL,
  idempotency_key text,
  fingerprint text,
  runner text,
  progress jsonb,
  report jsonb,
  reason text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at timestamptz,
  seen_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX load_tests_time ON load_tests (created_at, id);
CREATE INDEX load_tests_name ON load_tests (name, created_at, id);
CREATE INDEX load_tests_open ON load_tests (state, created_at) WHERE state IN ('queued', 'running', 'cancelling');
CREATE UNIQUE INDEX load_tests_key ON load_tests (requested_by, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE load_test_results (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  test_name varchar(100) NOT NULL,
  test_type varchar(50) NOT NULL,
  virtual_users integer NOT NULL,
  duration_seconds integer NOT NULL,
  total_requests bigint NOT NULL,
  successful_requests bigint NOT NULL,
  failed_requests bigint NOT NULL,
  average_response_time_ms numeric(14,3),
  p95_response_time_ms numeric(14,3),
  p99_response_time_ms numeric(14,3),
  throughput_rps numeric(14,2),
  error_rate_percent numeric(5,2),
  started_at timestamptz NOT NULL,
  completed_at timestamptz NOT NULL
);
CREATE INDEX load_test_results_time ON load_test_results (completed_at, id);
CREATE INDEX load_test_results_name ON load_test_results (test_name, completed_at, id);

CREATE TABLE auto_scaling_events (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  scaling_group varchar(100) NOT NULL,
  scaling_action varchar(20) NOT NULL,
  previous_capacity integer NOT NULL,
  new_capacity integer NOT NULL,
  trigger_metric varchar(50) NOT NULL,
  trigger_value numeric(24,2) NOT NULL,
  threshold_value numeric(24,2) NOT NULL,
  timestamp timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason text,
  actor text,
  detail jsonb,
  PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);
CREATE INDEX auto_scaling_events_time ON auto_scaling_events (timestamp, id);
CREATE INDEX auto_scaling_events_group ON auto_scaling_events (scaling_group, timestamp, id);

CREATE TABLE audit_log (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  target text,
  outcome text NOT NULL,
  address text,
  detail jsonb,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_log_time ON audit_log (at, id);
CREATE INDEX audit_log_actor ON audit_log (actor, at, id);

CREATE FUNCTION audit_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_log only grows: % is refused', TG_OP;
END $$;
CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION audit_log_only_grows();
CREATE TRIGGER audit_log_is_not_emptied BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_only_grows();

CREATE TABLE documents (
  kind varchar(50) COLLATE "C" NOT NULL,
  id varchar(200) COLLATE "C" NOT NULL,
  body jsonb NOT NULL,
  version int NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, id)
);

DO $$
DECLARE named text;
BEGIN
  IF to_regprocedure('uuidv7()') IS NOT NULL THEN
    FOREACH named IN ARRAY ARRAY['load_tests', 'load_test_results', 'auto_scaling_events', 'audit_log'] LOOP
      EXECUTE format('ALTER TABLE %I ALTER COLUMN id SET DEFAULT uuidv7()', named);
    END LOOP;
  END IF;
END $$;
`;
