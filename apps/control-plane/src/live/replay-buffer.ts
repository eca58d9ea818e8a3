import type { Topic } from './topics.ts';

/** Something that was told, as it goes over the wire. */
export interface KeptEvent {
  readonly sequence: number;
  readonly topic: Topic;
  readonly text: string;
}

export interface ReplayLimits {
  readonly eventsMax: number;
  /** Of their texts, in characters. */
  readonly charactersMax: number;
}

/** The latest events, for whoever was away for a moment. The oldest make room. */
export class ReplayBuffer {
  readonly #limits: ReplayLimits;
  #events: KeptEvent[] = [];
  #characters = 0;
  /** Where the kept ones begin; what is before is cut off now and then, not each time. */
  #first = 0;

  constructor(limits: ReplayLimits) {
    this.#limits = limits;
  }

  add(event: KeptEvent): void {
    this.#events.push(event);
    this.#characters += event.text.length;
    while (
      this.#events.length - this.#first > this.#limits.eventsMax ||
      this.#characters > this.#limits.charactersMax
    ) {
      this.#characters -= (this.#events[this.#first] as KeptEvent).text.length;
      this.#first++;
    }
    if (this.#first <= this.#limits.eventsMax) return;
    this.#events = this.#events.slice(this.#first);
    this.#first = 0;
  }

  /** What came after an event, and how many of it are not known any more. */
  after(sequence: number): { readonly missed: number; readonly events: readonly KeptEvent[] } {
    const events = this.#events.slice(this.#first).filter((event) => event.sequence > sequence);
    const oldest = this.#events[this.#first]?.sequence;
    return { missed: oldest === undefined ? 0 : Math.max(0, oldest - sequence - 1), events };
  }
}
