import type { Clock } from 'loadline/base';

export interface SharedAnswersOptions {
  readonly clock: Clock;
  /** How old an answer may be. */
  readonly keptMs: number;
  /** The oldest give way to more. Default 500. */
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

  constructor({ clock, keptMs, answersMax = 500 }: SharedAnswersOptions) {
    this.#clock = clock;
    this.#keptMs = keptMs;
    this.#answersMax = answersMax;
  }

  /** @param question what tells one from another. */
  get(question: unknown, make: () => Promise<Answer>): Promise<Answer> {
    const key = JSON.stringify(question);
    const nowMs = this.#clock.monotonicMs();
    const known = this.#kept.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.answer;
    const answer = make();
    const kept = { answer, untilMs: nowMs + this.#keptMs };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    answer.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > this.#answersMax) this.#kept.delete(oldest);
    return answer;
  }
}
