/** Reaches PostgreSQL the right way: connect, time limits, named statements, transactions, migrations, time partitions. */
export type { Queryable, QueryOptions, Result, Statement, TransactionOptions } from './connection.ts';
export { postgresError, postgresErrorTable } from './errors.ts';
export type { MigrateOptions, Migration, MigrationOutcome } from './migrations.ts';
export { migrate } from './migrations.ts';
export type { Partition, PartitionPlan, PartitionPolicy, Span } from './partition-plan.ts';
export { planPartitions } from './partition-plan.ts';
export type { PoolUsage, Postgres, PostgresOptions } from './postgres.ts';
export { createPostgres, isPostgresAddress } from './postgres.ts';
export type { PartitionOutcome } from './time-partitions.ts';
export { keepPartitions } from './time-partitions.ts';
