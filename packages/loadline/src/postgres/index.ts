/** Reaches PostgreSQL the right way: connect, time limits, named statements, transactions. */
export type { Queryable, Result, Statement, TransactionOptions } from './connection.ts';
export { postgresError, postgresErrorTable } from './errors.ts';
export type { PoolUsage, Postgres, PostgresOptions } from './postgres.ts';
export { createPostgres, isPostgresAddress } from './postgres.ts';
