import type { Instance } from 'loadline/scaling';
import type { LateFigure } from '../collect/index.ts';

/** Until when an instance was watched, and what it had used of the processor by then. */
interface Mark {
  readonly usedMs: number;
  readonly atMs: number;
  readonly figure: LateFigure | undefined;
}

/** Shorter, a share would be told by a few ticks of the system's clock. */
const betweenMsMin = 750;
/** Longer, it would not say how it is now. */
const betweenMsMax = 5000;

/**
 * Which share of a core each instance of a group takes, by what the engine counts: not asked from the instance, which answers
 * late just when it has too much to do.
 */
export class ProcessorShares {
  readonly #groups = new Map<string, ReadonlyMap<string, Mark>>();

  /**
   * @param at of a clock that nobody sets, and since the epoch, in milliseconds.
   */
  see(
    group: string,
    instances: readonly Pick<Instance, 'id' | 'state' | 'cpuMs'>[],
    at: { readonly nowMs: number; readonly epochMs: number },
  ): void {
    const before = this.#groups.get(group);
    // A start takes much, and is no sign of how much there is to do.
    const marks = instances.flatMap(({ id, state, cpuMs }) =>
      cpuMs === undefined || state !== 'ready' ? [] : [[id, nextMark(before?.get(id), cpuMs, at)] as const],
    );
    this.#groups.set(group, new Map(marks));
  }

  /** Of those whose share is known. */
  figures(group: string): ReadonlyMap<string, LateFigure> {
    const known = [...(this.#groups.get(group) ?? [])];
    return new Map(
      known.flatMap(([id, { figure }]) => (figure === undefined ? [] : [[id, figure] as const])),
    );
  }
}

function nextMark(
  before: Mark | undefined,
  usedMs: number,
  { nowMs, epochMs }: { readonly nowMs: number; readonly epochMs: number },
): Mark {
  const fresh = { usedMs, atMs: nowMs, figure: undefined };
  // Less than before is another process: it was started again.
  if (before === undefined || usedMs < before.usedMs) return fresh;
  const overMs = nowMs - before.atMs;
  if (overMs < betweenMsMin) return before;
  if (overMs > betweenMsMax) return fresh;
  return { ...fresh, figure: { value: (usedMs - before.usedMs) / overMs, atMs: epochMs, overMs } };
}
