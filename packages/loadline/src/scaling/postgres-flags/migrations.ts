import type { Migration } from '../../postgres/index.ts';

/** The tables of flags. Never changed, only added to. */
export const flagMigrations: readonly Migration[] = [
  {
    name: '0001 feature flags',
    sql: `CREATE TABLE feature_flags (
        name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
        definition jsonb NOT NULL,
        version int NOT NULL DEFAULT 1,
        updated_by text NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE feature_flags IS 'One row a flag; the definition is what stands under its name in a file of flags.'`,
  },
];

/** The table in which it is noted which of these migrations a database has. */
export const flagMigrationTable = 'feature_flag_migrations';
