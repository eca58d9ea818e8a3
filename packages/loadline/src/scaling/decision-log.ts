import { type DecisionSpan, joined, spanOf } from './decision-span.ts';
import type { Round } from './group-round.ts';

/** So long what has only grown is kept back before it is remembered again. */
const growthMsMax = 60_000;
const unsavedMax = 1000;

/** What was decided about one group and is not remembered yet: the span that still grows, and those before it. */
export class DecisionLog {
  readonly #group: string;
  /** By their beginnings; the last may still grow. */
  readonly #unsaved = new Map<number, DecisionSpan>();
  #open: DecisionSpan | undefined;
  #savedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(group: string) {
    this.#group = group;
  }

  /** @returns whether one that was never remembered had to go, because too many were waiting. */
  add(round: Round): boolean {
    const span = spanOf(this.#group, round);
    const grown = this.#open === undefined ? undefined : joined(this.#open, span);
    this.#open = grown ?? startingAfter(this.#open, span);
    this.#unsaved.set(this.#open.fromMs, this.#open);
    if (this.#unsaved.size <= unsavedMax) return false;
    this.#unsaved.delete(this.#unsaved.keys().next().value as number);
    return true;
  }

  /** What is to be remembered now: all but one that has only grown since a little while ago. */
  due(): readonly DecisionSpan[] {
    return [...this.#unsaved.values()].filter(
      ({ fromMs, untilMs, count }) =>
        fromMs !== this.#open?.fromMs || count === 1 || untilMs - this.#savedUntilMs >= growthMsMax,
    );
  }

  /** These are remembered. */
  saved(spans: readonly DecisionSpan[]): void {
    for (const span of spans) {
      this.#savedUntilMs = Math.max(this.#savedUntilMs, span.untilMs);
      if (this.#unsaved.get(span.fromMs) === span) this.#unsaved.delete(span.fromMs);
    }
  }

  /** What a memory does not know yet, or not to its end. */
  get unsaved(): readonly DecisionSpan[] {
    return [...this.#unsaved.values()];
  }
}

/** A span is called after its beginning: of several rounds at one time each begins a little later. */
function startingAfter(before: DecisionSpan | undefined, span: DecisionSpan): DecisionSpan {
  const fromMs = Math.max(span.fromMs, (before?.fromMs ?? Number.NEGATIVE_INFINITY) + 1);
  return { ...span, fromMs, untilMs: Math.max(fromMs, span.untilMs) };
}
