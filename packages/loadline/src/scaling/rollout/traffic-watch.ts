import type { TrafficLook } from './advance.ts';
import { fillBlocks, noBlocks, type OpenBlocks } from './evidence.ts';
import { usualOf } from './guard.ts';
import type { RolloutPlan } from './plan.ts';
import { growthOf, mergeSpans, type TrafficSpan, type TrafficTotals } from './traffic-seen.ts';

/**
 * Makes of totals, look by look, what a rollout is judged by. What it holds is lost with a restart, and costs no more
 * than the blocks that were open.
 */
export class TrafficWatch {
  readonly #plan: RolloutPlan;
  #last: { readonly totals: TrafficTotals; readonly atMs: number } | undefined;
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
    const last = this.#last;
    this.#last = { totals, atMs };
    if (last === undefined || atMs <= last.atMs)
      return { kind: 'blind', because: 'it was looked at for the first time' };
    const { span, restarted } = growthOf(last.totals, totals);
    this.restarted += restarted;
    const spanMs = atMs - last.atMs;
    const { guard, judge } = this.#plan;
    this.#recent = [...this.#recent, { span, fromMs: last.atMs }].filter(
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
