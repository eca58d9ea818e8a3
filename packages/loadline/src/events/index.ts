/** Append, read in groups, retry, set aside; event store and projections. */
export { type EventTablesOptions, keepEventTables } from './event-tables.ts';
