import { BoundedQueue } from '../base/index.ts';
import type { Asker } from './ask.ts';
import { DecisionLog } from './decision-log.ts';
import type { DecisionSpan } from './decision-span.ts';
import type { GroupCounts } from './group-counts.ts';
import type { Round } from './group-round.ts';
import type { ScalingEvent, ScalingMemory } from './memory.ts';

export interface GroupJournalOptions {
  readonly group: string;
  readonly memory: ScalingMemory;
  readonly asker: Asker;
  readonly counts: GroupCounts;
}

/** What was done and decided about one group, until the memory has it: what it does not take is offered again with the next round. */
export class GroupJournal {
  readonly #options: GroupJournalOptions;
  readonly #decisions: DecisionLog;
  readonly #events = new BoundedQueue<ScalingEvent>(eventsMax);

  constructor(options: GroupJournalOptions) {
    this.#options = options;
    this.#decisions = new DecisionLog(options.group);
  }

  keep(event: ScalingEvent): void {
    if (!this.#events.push(event)) this.#options.counts.forgotten++;
  }

  /** What was decided and is not remembered yet, or not to its end; oldest first. */
  get unsavedDecisions(): readonly DecisionSpan[] {
    return this.#decisions.unsaved;
  }

  /** Adds a round, and has the memory take what it can. */
  async remember(round: Round): Promise<void> {
    const { counts } = this.#options;
    if (this.#decisions.add(round)) counts.forgotten++;
    await this.#rememberEvents();
    await this.#rememberDecisions();
  }

  async #rememberEvents(): Promise<void> {
    const { asker, memory, counts } = this.#options;
    for (let event = this.#events.peek(); event !== undefined; event = this.#events.peek()) {
      const offered = event;
      const saved = await asker.ask('the memory', () => memory.record(offered));
      if ('because' in saved) {
        counts.unremembered++;
        return;
      }
      this.#events.shift();
    }
  }

  async #rememberDecisions(): Promise<void> {
    const { asker, memory, counts } = this.#options;
    const due = this.#decisions.due();
    if (due.length === 0) return;
    const saved = await asker.ask('the memory', () => memory.recordDecisions(due));
    if ('because' in saved) counts.unremembered++;
    else this.#decisions.saved(due);
  }
}

const eventsMax = 1000;
