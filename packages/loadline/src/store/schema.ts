import type { Migration } from '../postgres/index.ts';
import { loadTestsSql } from './schema-load-tests.ts';
import { recordsSql } from './schema-records.ts';
import { resultsSql } from './schema-results.ts';
import { samplesSql } from './schema-samples.ts';

/**
 * The schema, step by step. Tables are made and found where the search path of the connection leads, so that a role or
 * the address decides about the PostgreSQL schema. An applied step never changes.
 */
export const migrations: readonly Migration[] = [
  { name: '0001 samples', sql: samplesSql },
  { name: '0002 records', sql: recordsSql },
  { name: '0003 load tests', sql: loadTestsSql },
  { name: '0004 results by month', sql: resultsSql },
];
