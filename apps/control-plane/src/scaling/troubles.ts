/** Something that is not as it should be, as it was seen at one look. */
export interface Trouble {
  /** What tells it from all others. */
  readonly key: string;
  /** What is wrong, for people; undefined where it makes one go on that has begun, and begins none. */
  readonly begun: string | undefined;
  /** That it is over, for people. */
  readonly over: string;
  /** How long it is to last until it is told. */
  readonly tellAfterMs: number;
  /** How long it is to be gone until it counts as over. */
  readonly restMs: number;
}

/** What is to be told: that something has begun, or that it is over. */
export interface Notice {
  readonly isOver: boolean;
  readonly text: string;
}

interface Known {
  readonly trouble: Trouble;
  readonly sinceMs: number;
  readonly lastMs: number;
  readonly isTold: boolean;
}

/** What is known of troubles from one look to the next, by their keys. */
export type KnownTroubles = ReadonlyMap<string, Known>;

/** What is to be told after a look: each trouble once when it begins, and once when it is over. One that comes and goes is one. Pure. */
export function followTroubles(
  known: KnownTroubles,
  seen: readonly Trouble[],
  nowMs: number,
): { readonly known: KnownTroubles; readonly notices: readonly Notice[] } {
  const notices: Notice[] = [];
  const next = new Map<string, Known>();
  for (const trouble of seen) {
    const { key, begun, tellAfterMs } = trouble;
    const { sinceMs = nowMs, isTold = false } = known.get(key) ?? {};
    const isDue = !isTold && begun !== undefined && nowMs - sinceMs >= tellAfterMs;
    if (isDue) notices.push({ isOver: false, text: begun });
    next.set(key, { trouble, sinceMs, lastMs: nowMs, isTold: isTold || isDue });
  }
  for (const [key, before] of known) {
    if (next.has(key)) continue;
    const { trouble, lastMs, isTold } = before;
    // One that was never told was too short to be one.
    if (!isTold) continue;
    if (nowMs - lastMs < trouble.restMs) next.set(key, before);
    else notices.push({ isOver: true, text: trouble.over });
  }
  return { known: next, notices };
}
