/** How the partitions of one table are cut and kept. */
export interface PartitionPolicy {
  /** Days and months of UTC. */
  readonly unit: 'day' | 'month';
  /** How much of the future must have its place already. */
  readonly aheadMs: number;
  /** How much of the past may still be written to. */
  readonly behindMs: number;
  /** For how long a partition is kept after its last moment; undefined for ever. */
  readonly keepMs?: number;
}

/** A partition that is there, from its first moment to before its last, in milliseconds since the epoch. */
export interface Partition {
  /** `schema.table`. */
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** It was being detached when that was interrupted. */
  readonly isDetached: boolean;
}

/** A partition that is missing, from its first moment to before its last. */
export interface Span {
  /** `20261129`, or `202611` for a month. */
  readonly suffix: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is to be done for a table to have its partitions. */
export interface PartitionPlan {
  readonly create: readonly Span[];
  /** The oldest first. */
  readonly drop: readonly Partition[];
}

/**
 * Which partitions to make and to drop. Pure. What is there is never cut anew: a span that overlaps one is left out,
 * so that the unit of a table may change.
 */
export function planPartitions(
  existing: readonly Partition[],
  { unit, aheadMs, behindMs, keepMs, nowMs }: PartitionPolicy & { readonly nowMs: number },
): PartitionPlan {
  const endsMs = keepMs === undefined ? Number.NEGATIVE_INFINITY : nowMs - keepMs;
  const drop = existing
    .filter(({ toMs, isDetached }) => isDetached || toMs <= endsMs)
    .toSorted((a, b) => a.fromMs - b.fromMs);
  const create = spansOf(unit, nowMs - behindMs, nowMs + aheadMs).filter(
    (span) => span.toMs > endsMs && !existing.some((partition) => doOverlap(partition, span)),
  );
  return { create, drop };
}

/** Whether two spans have a moment in common. */
export function doOverlap(a: Pick<Span, 'fromMs' | 'toMs'>, b: Pick<Span, 'fromMs' | 'toMs'>): boolean {
  return a.fromMs < b.toMs && a.toMs > b.fromMs;
}

/** The days or months that hold the time from one moment to another. */
function spansOf(unit: 'day' | 'month', fromMs: number, toMs: number): Span[] {
  const spans: Span[] = [];
  for (let atMs = startOf(unit, fromMs, 0); atMs <= toMs; ) {
    const nextMs = startOf(unit, atMs, 1);
    const suffix = new Date(atMs)
      .toISOString()
      .slice(0, unit === 'day' ? 10 : 7)
      .replaceAll('-', '');
    spans.push({ suffix, fromMs: atMs, toMs: nextMs });
    atMs = nextMs;
  }
  return spans;
}

/** The first moment of the day or month of a moment, or of so many later ones. */
function startOf(unit: 'day' | 'month', atMs: number, later: number): number {
  const at = new Date(atMs);
  return unit === 'day'
    ? Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + later)
    : Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later, 1);
}
