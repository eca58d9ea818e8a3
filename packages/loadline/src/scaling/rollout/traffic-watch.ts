import type { TrafficLook } from './advance.ts';
import { fillBlocks, noBlocks, type OpenBlocks } from './evidence.ts';
import { usualOf } from './guard.ts';
import type { RolloutPlan } from './plan.ts';
import {
  type Build,
  growthOf,
  type InstanceTotals,
  mergeSpans,
  type TrafficSpan,
  type TrafficTotals,
} from './traffic-seen.ts';

/**
 * Makes of totals, look by look, what a rollout is judged by. What it holds is lost with a restart, and costs no more
 * than the blocks that were open.
 */
export class TrafficWatch {
  readonly #plan: RolloutPlan;
  #lastMs: number | undefined;
  #known: Readonly<Record<Build, KnownTotals>> = { baseline: new Map(), candidate: new Map() };
  #recent: readonly { readonly span: TrafficSpan; readonly fromMs: number }[] = [];
  #open: OpenBlocks = noBlocks;
  #baselineSpan: TrafficSpan | undefined;
  /** Totals that went backwards, since the start. */
  restarted = 0;

  constructor(plan: RolloutPlan) {
    this.#plan = plan;
  }

  /**
   * @param atMs on a clock that never goes backwards.
   * @param isSettled whether what is seen now may be judged.
   */
  look(totals: TrafficTotals, atMs: number, isSettled: boolean): TrafficLook {
    const [lastMs, before] = [this.#lastMs, this.#known];
    this.#lastMs = atMs;
    this.#known = {
      baseline: withTotals(before.baseline, totals.baseline, atMs),
      candidate: withTotals(before.candidate, totals.candidate, atMs),
    };
    if (lastMs === undefined || atMs <= lastMs)
      return { kind: 'blind', because: 'it was looked at for the first time' };
    const { span, restarted } = growthOf(
      { baseline: totalsIn(before.baseline), candidate: totalsIn(before.candidate) },
      totals,
    );
    this.restarted += restarted;
    const spanMs = atMs - lastMs;
    const { guard, judge } = this.#plan;
    this.#recent = [...this.#recent, { span, fromMs: lastMs }].filter(
      ({ fromMs }) => fromMs >= atMs - Math.max(guard.windowMs, spanMs),
    );
    const filled = isSettled
      ? fillBlocks(this.#open, { span, spanMs }, judge)
      : { open: noBlocks, closed: [] };
    this.#open = filled.open;
    const recent = mergeSpans(this.#recent.map((each) => each.span));
    return { kind: 'seen', spanMs, span, recent, closed: filled.closed, usual: this.#usual(span) };
  }

  /** Of a busy service every look tells what is usual, of a quiet one it takes several together. */
  #usual(span: TrafficSpan): ReturnType<typeof usualOf> {
    const merged = this.#baselineSpan === undefined ? span : mergeSpans([this.#baselineSpan, span]);
    const usual = usualOf(merged.baseline);
    this.#baselineSpan = usual === undefined ? merged : undefined;
    return usual;
  }
}

/** What each instance had counted when it was last seen: a look that misses it, because it is busy, loses nothing of it. */
type KnownTotals = ReadonlyMap<string, { readonly totals: InstanceTotals; readonly atMs: number }>;

/** Who was not seen for so long is gone; one that comes back after all counts from then on. */
const missedMsMax = 60_000;

function withTotals(known: KnownTotals, now: readonly InstanceTotals[], atMs: number): KnownTotals {
  const kept = [...known].filter(([, each]) => atMs - each.atMs <= missedMsMax);
  return new Map([...kept, ...now.map((totals) => [totals.instance, { totals, atMs }] as const)]);
}

function totalsIn(known: KnownTotals): InstanceTotals[] {
  return [...known.values()].map(({ totals }) => totals);
}
