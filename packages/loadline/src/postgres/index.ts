/** Reaches PostgreSQL the right way: connect, time limits, named statements, transactions. */
export { postgresError, postgresErrorTable } from './errors.ts';
export type {
  PoolUsage,
  Postgres,
  PostgresOptions,
  Queryable,
  Result,
  Statement,
  TransactionOptions,
} from './postgres.ts';
export { createPostgres, isPostgresAddress } from './postgres.ts';
