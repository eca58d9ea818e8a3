import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The schema as SQL, in the order in which it is made. */
export interface Schema {
  /** Tables without anything that would slow down their filling; one text. */
  readonly tables: string;
  /** Keys, indexes, triggers and views on filled tables; one statement each, so that progress can be shown. */
  readonly rules: readonly string[];
  /** The summary of groups alone, which a shift of times has to make anew. */
  readonly summary: readonly string[];
  /** Changes with any character of it. */
  readonly fingerprint: string;
}

export async function readSchema(): Promise<Schema> {
  const [tables, rules, summary] = (await Promise.all(
    ['tables.sql', 'rules.sql', 'summary.sql'].map((file) =>
      readFile(new URL(file, import.meta.url), 'utf8'),
    ),
  )) as [string, string, string];
  const hash = createHash('sha256').update(`${tables}\n${rules}\n${summary}`);
  return {
    tables,
    rules: statementsOf(rules),
    summary: statementsOf(summary),
    fingerprint: hash.digest('hex').slice(0, 16),
  };
}

/**
 * A statement ends at a semicolon before a line that begins another, a comment, or the end. Lines inside a
 * function's body are indented or begin otherwise.
 */
function statementsOf(text: string): readonly string[] {
  return text.split(/;\n(?=\n|--|CREATE|ALTER|$)/).filter((statement) => statement.trim() !== '');
}

/** What `prepareFoodshare` makes, and drops before it makes it anew. */
export const ownTables: readonly string[] = [
  'generated_data',
  'moderation_actions',
  'idempotent_requests',
  'credit_movements',
  'credit_accounts',
  'reputation_events',
  'ratings',
  'exchanges',
  'food_posts',
  'group_partnerships',
  'group_member_status',
  'community_groups',
  'user_global_reputation',
  'users',
];

export const dropEverything: string = `
DROP VIEW IF EXISTS credit_audit;
DROP MATERIALIZED VIEW IF EXISTS group_activity_summary;
DROP TABLE IF EXISTS ${ownTables.join(', ')};
DROP FUNCTION IF EXISTS refresh_group_activity_summary, carry_score_to_open_posts, distance_km;
`;
