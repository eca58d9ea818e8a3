/**
 * The building, top to bottom. A room may import the rooms of lower rows, never of its own row and never of
 * a higher one. ARCHITECTURE.md's picture is drawn from this, and architecture.test.ts holds every import
 * against it.
 */
export const storeys: readonly Storey[] = [
  { name: 'command', says: 'people and pipelines come in', rows: [['cli']] },
  { name: 'serve', says: 'what a service adds in one line', rows: [['observe']] },
  { name: 'act', says: 'change the world, reversibly, with a reason', rows: [['scaling', 'chaos']] },
  { name: 'advise', says: 'ranks what to do, with evidence', rows: [['advice']] },
  { name: 'judge', says: 'is it good?  will it stay good?', rows: [['monitoring', 'capacity']] },
  {
    name: 'work',
    says: 'makes, carries or inspects traffic',
    rows: [['load', 'cache', 'jobs', 'database', 'traffic', 'profiling']],
  },
  { name: 'keep', says: 'what happened; what was measured', rows: [['events', 'store']] },
  {
    name: 'ground',
    says: 'reach, limits, numbers, words',
    rows: [['postgres', 'valkey', 'kubernetes'], ['resilience'], ['metrics'], ['statistics'], ['base']],
  },
];

export interface Storey {
  readonly name: string;
  readonly says: string;
  /** Usually one; the ground floor is a stair, drawn from left to right. */
  readonly rows: readonly (readonly string[])[];
}

/** The rule as an array of arrays, highest first. */
export const floors: readonly (readonly string[])[] = storeys.flatMap((storey) => storey.rows);

/** Which workspaces a workspace's sources may import; what is not listed may import none. */
export const workspaceImports: Readonly<Record<string, readonly string[]>> = {
  loadline: [],
  '@loadline/local-stack': ['loadline'],
  '@loadline/control-plane': ['loadline', '@loadline/local-stack'],
  '@loadline/dashboard': ['@loadline/control-plane'],
  '@loadline/foodshare': ['loadline', '@loadline/local-stack'],
  '@loadline/wedding': ['loadline', '@loadline/local-stack'],
};
