/** What history is filtered by, and reports letter by letter: `jsonb` would put their keys into another order. */
export const loadTestsSql = `
ALTER TABLE load_tests
  ADD COLUMN target varchar(2000),
  ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN verdict varchar(20),
  ALTER COLUMN report TYPE json USING report::json;
`;
