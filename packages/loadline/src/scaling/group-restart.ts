import type { Clock } from '../base/index.ts';
import type { Asker } from './ask.ts';
import type { Fleet, ScalingDriver } from './driver.ts';
import type { StepOutcome } from './group-round.ts';
import type { ScalingEvent } from './memory.ts';
import { type RestartOrder, restartEndEvent, restartEvent } from './restart.ts';

export interface GroupRestartOptions {
  readonly group: string;
  readonly clock: Clock;
  readonly driver: ScalingDriver;
  readonly asker: Asker;
  /** To be remembered with the next round. */
  readonly keep: (event: ScalingEvent) => void;
}

/** Has the instances of one group replaced, and notices how that ends, also where somebody else has begun it. */
export class GroupRestart {
  readonly #options: GroupRestartOptions;
  /** Which one goes on, by its beginning. */
  #going: number | undefined;
  #hasLooked = false;

  constructor(options: GroupRestartOptions) {
    this.#options = options;
  }

  /** @param held why it may not be done now. */
  async begin(order: RestartOrder, held: string | undefined): Promise<StepOutcome> {
    const { group, clock, driver, asker, keep } = this.#options;
    const observed = await asker.ask('the driver', (signal) => driver.observe(group, signal));
    if ('because' in observed) return { kind: 'failed', ...observed };
    if (observed.value.kind === 'unseen') return { kind: 'refused', because: observed.value.because };
    const { wanted } = observed.value;
    // One that has ended since the last round would be forgotten for the one that begins.
    this.look(observed.value);
    const outcome = held === undefined ? await this.#ask() : { kind: 'refused' as const, because: held };
    keep(restartEvent({ group, atMs: clock.now(), wanted }, order, outcome));
    return outcome;
  }

  /** Where one goes on its end is noticed, and remembered, with the next round. */
  async end({ orderedBy, reason }: RestartOrder): Promise<StepOutcome> {
    const { group, driver, asker } = this.#options;
    const { endRestart } = driver;
    if (endRestart === undefined) return cannot;
    const because = reason === '' ? `ended by ${orderedBy}` : `ended by ${orderedBy}: ${reason}`;
    const answer = await asker.ask('the driver', (signal) => endRestart.call(driver, group, because, signal));
    return 'value' in answer ? answer.value : { kind: 'failed', ...answer };
  }

  /** For each round. */
  look({ restart, wanted }: Fleet): void {
    const { group, clock, keep } = this.#options;
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    if (restart === undefined) return;
    if (restart.state === 'going') {
      this.#going = restart.startedAtMs;
      return;
    }
    // One that was stopped before the first look, was so by the end of whoever was at it.
    if (restart.startedAtMs !== this.#going && !(isFirst && restart.state === 'stopped')) return;
    this.#going = undefined;
    const ended = restartEndEvent({ group, atMs: clock.now(), wanted }, restart);
    if (ended !== undefined) keep(ended);
  }

  async #ask(): Promise<StepOutcome> {
    const { group, driver, asker } = this.#options;
    const { restart } = driver;
    if (restart === undefined) return cannot;
    const answer = await asker.ask('the driver', async (signal) => {
      const outcome = await restart.call(driver, group, signal);
      const after = await driver.observe(group, signal);
      return { outcome, after };
    });
    if ('because' in answer) return { kind: 'failed', ...answer };
    const { outcome, after } = answer.value;
    // It may be over before the next round looks.
    if (outcome.kind === 'accepted' && after.kind === 'seen') this.#going = after.restart?.startedAtMs;
    return outcome;
  }
}

const cannot: StepOutcome = {
  kind: 'refused',
  because: 'what runs this group replaces no instances by itself',
};
