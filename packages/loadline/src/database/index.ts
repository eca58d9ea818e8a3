/** Sends a query to the right server, keeps tables fast, says what is slow and why. */
export { compareServerStatistics, type DatabaseUse } from './database-use.ts';
export { type DatabaseSeen, reviewDatabase } from './review.ts';
export {
  type Connections,
  type DatabaseCounts,
  type ReplicaLag,
  readServerStatistics,
  type ServerStatistics,
} from './server-statistics.ts';
export { type SlowQueries, type SlowQuery, type SlowQueryWatch, watchSlowQueries } from './slow-queries.ts';
export { compareStatements, type StatementRow, type StatementUse } from './slow-statements.ts';
export {
  readStatements,
  type StatementCounts,
  type StatementReading,
  type StatementsMissing,
} from './statement-counts.ts';
export { withoutValues } from './statement-text.ts';
