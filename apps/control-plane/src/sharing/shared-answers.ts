import type { Clock } from 'loadline/base';

export interface SharedAnswersOptions {
  readonly clock: Clock;
  /** After this an answer is made anew. */
  readonly keptMs: number;
  /** The oldest give way to more. Default 200. */
  readonly answersMax?: number;
}

interface Kept<Answer> {
  readonly answer: Promise<Answer>;
  readonly madeMs: number;
  isRenewed: boolean;
}

/**
 * Answers that many ask for at the same time, as dashboards do: whoever asks while one is made, or shortly afterwards, gets the
 * same. One that has become old is given once more while the next is made, so that nobody waits who asks again and again; after
 * twice its time it is forgotten. An answer that failed is not kept.
 */
export class SharedAnswers<Answer> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #answersMax: number;
  readonly #kept = new Map<string, Kept<Answer>>();

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
    if (known === undefined) return this.#make(key, make);
    if (nowMs >= known.madeMs + this.#keptMs && !known.isRenewed) this.#renew(key, known, make);
    return known.answer;
  }

  #make(key: string, make: () => Promise<Answer>): Promise<Answer> {
    const answer = make().then(noteShared);
    const kept = { answer, madeMs: this.#clock.monotonicMs(), isRenewed: false };
    this.#keep(key, kept);
    answer.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
    return answer;
  }

  /** Whoever asked has an answer: should this fail, the next one to ask meets the mistake. */
  #renew(key: string, known: Kept<Answer>, make: () => Promise<Answer>): void {
    known.isRenewed = true;
    const madeMs = this.#clock.monotonicMs();
    const answer = make().then(noteShared);
    answer.then(
      () => this.#keep(key, { answer, madeMs, isRenewed: false }),
      () => this.#kept.delete(key),
    );
  }

  /** They stand in the order in which they were made. What nobody may get any more would only take room. */
  #forget(nowMs: number): void {
    for (const [key, { madeMs }] of this.#kept) {
      if (nowMs < madeMs + 2 * this.#keptMs) return;
      this.#kept.delete(key);
    }
  }

  #keep(key: string, kept: Kept<Answer>): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > this.#answersMax) this.#kept.delete(oldest);
  }
}

/** Whether an answer is given to several who ask. It never changes, so what is made of it may be made once. */
export function isShared(answer: unknown): answer is object {
  return typeof answer === 'object' && answer !== null && shared.has(answer);
}

const shared = new WeakSet<object>();

function noteShared<Answer>(answer: Answer): Answer {
  if (typeof answer === 'object' && answer !== null) shared.add(answer);
  return answer;
}
