import type { Clock } from 'loadline/base';

export interface SharedAnswersOptions {
  readonly clock: Clock;
  /** How old an answer may be. */
  readonly keptMs: number;
  /** The oldest give way to more. Default 200. */
  readonly answersMax?: number;
}

/**
 * Answers that many ask for at the same time, as dashboards do: whoever asks while one is made, or shortly afterwards, gets the
 * same. An answer that failed is not kept.
 */
export class SharedAnswers<Answer> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #answersMax: number;
  readonly #kept = new Map<string, { readonly answer: Promise<Answer>; readonly untilMs: number }>();

  constructor({ clock, keptMs, answersMax = 200 }: SharedAnswersOptions) {
    this.#clock = clock;
    this.#keptMs = keptMs;
    this.#answersMax = answersMax;
  }

  /** How many are kept, so that what they take is bounded. */
  get size(): number {
    return this.#kept.size;
  }

  /** @param question what tells one from another. */
  get(question: unknown, make: () => Promise<Answer>): Promise<Answer> {
    const key = JSON.stringify(question);
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    const known = this.#kept.get(key);
    if (known !== undefined) return known.answer;
    const answer = make();
    const kept = { answer, untilMs: nowMs + this.#keptMs };
    this.#kept.set(key, kept);
    answer.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > this.#answersMax) this.#kept.delete(oldest);
    return answer;
  }

  /** They stand in the order in which they end. What nobody may get any more would only take room. */
  #forget(nowMs: number): void {
    for (const [key, { untilMs }] of this.#kept) {
      if (nowMs < untilMs) return;
      this.#kept.delete(key);
    }
  }
}
