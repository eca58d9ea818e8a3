import type { Postgres, Queryable } from 'loadline/postgres';
import { type DiscoveryFilter, discoverFood, discoveryValues } from './discover.ts';

/** The index that discovery is built on. */
export const discoveryIndex = 'idx_food_posts_active_location';

/** How PostgreSQL goes about discovery, once it has settled. */
export interface DiscoveryPlan {
  /** Every reading of posts by group goes through the index alone, and the page's posts come by their key. */
  readonly isIntended: boolean;
  /** `Index Only Scan using idx_…`, for every node that reads a table, from the top. */
  readonly scans: readonly string[];
  /** Rows that an index-only scan had to look up in the table all the same, for want of a vacuum. */
  readonly heapFetches: number;
  /** Pages that were read, from memory or not. */
  readonly buffers: number;
  readonly executionMs: number;
  /** The whole plan, as PostgreSQL prints it in JSON. */
  readonly plan: unknown;
}

/**
 * Asks for the plan of the prepared statement itself. PostgreSQL plans a prepared statement for its values five
 * times and may then settle on one plan for all values; so it is run six times before it is explained. A plan
 * made for the values, as EXPLAIN of the bare text shows it, proves nothing about what the service runs.
 */
export async function explainDiscovery(postgres: Postgres, filter: DiscoveryFilter): Promise<DiscoveryPlan> {
  return await postgres.transaction(async (transaction) => {
    const values = discoveryValues(filter);
    for (let run = 0; run < 6; run++) await transaction.query(discoverFood, values);
    const plan = await explain(transaction, values);
    const nodes = [...eachNode(plan.Plan)];
    const reads = nodes.filter((node) => node['Relation Name'] !== undefined);
    return {
      isIntended: isIntended(reads),
      scans: reads.map((node) => `${node['Node Type']} using ${node['Index Name'] ?? 'no index'}`),
      heapFetches: nodes.reduce((sum, node) => sum + (node['Heap Fetches'] ?? 0), 0),
      buffers: plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'],
      executionMs: plan['Execution Time'],
      plan,
    };
  });
}

async function explain(transaction: Queryable, values: readonly unknown[]): Promise<Explained> {
  const { rows } = await transaction.query<{ 'QUERY PLAN': [Explained] }>({
    text: `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE ${discoverFood.name}(${values.map(literal).join(', ')})`,
  });
  return (rows[0] as { 'QUERY PLAN': [Explained] })['QUERY PLAN'][0];
}

/** EXECUTE takes no parameters of the protocol. The values are our own, and quoted all the same. */
function literal(value: unknown): string {
  if (value === null) return 'NULL';
  const text = value instanceof Date ? value.toISOString() : String(value);
  return `'${text.replaceAll("'", "''")}'`;
}

interface Explained {
  readonly Plan: PlanNode;
  readonly 'Execution Time': number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Heap Fetches'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

function* eachNode(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* eachNode(child);
}

function isIntended(reads: readonly PlanNode[]): boolean {
  const ofPosts = reads.filter((node) => node['Relation Name'] === 'food_posts');
  const byGroup = ofPosts.filter((node) => node['Index Name'] === discoveryIndex);
  const byKey = ofPosts.filter((node) => node['Index Name'] === 'food_posts_pkey');
  return (
    byGroup.length === 2 &&
    byGroup.every((node) => node['Node Type'] === 'Index Only Scan') &&
    byKey.length === 1 &&
    ofPosts.length === 3
  );
}
