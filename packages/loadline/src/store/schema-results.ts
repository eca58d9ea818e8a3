/** Cuts the results of load tests into months, each of which is dropped as a whole when it is past retention. */
export const resultsSql = `
ALTER TABLE load_test_results RENAME TO load_test_results_whole;
ALTER TABLE load_test_results_whole DROP CONSTRAINT load_test_results_pkey;
DROP INDEX load_test_results_time, load_test_results_name;

CREATE TABLE load_test_results (LIKE load_test_results_whole INCLUDING DEFAULTS, PRIMARY KEY (id, completed_at))
  PARTITION BY RANGE (completed_at);
CREATE INDEX load_test_results_time ON load_test_results (completed_at, id);
CREATE INDEX load_test_results_name ON load_test_results (test_name, completed_at, id);

DO $$
DECLARE month timestamp;
BEGIN
  FOR month IN SELECT DISTINCT date_trunc('month', completed_at AT TIME ZONE 'UTC') FROM load_test_results_whole LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF load_test_results FOR VALUES FROM (%L) TO (%L)',
      'load_test_results_' || to_char(month, 'YYYYMM'),
      month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
  END LOOP;
END $$;

INSERT INTO load_test_results SELECT * FROM load_test_results_whole;
DROP TABLE load_test_results_whole;
`;
