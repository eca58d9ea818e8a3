/** Flags that are kept in PostgreSQL, read again and again, with the last known ones while it is away. */
export { flagMigrations, flagMigrationTable } from './migrations.ts';
export {
  type FlagAuthor,
  type FlagRow,
  openPostgresFlags,
  type PostgresFlags,
  type PostgresFlagsOptions,
} from './postgres-flags.ts';
