import type { Clock } from '../base/index.ts';
import { type Answer, Asker } from './ask.ts';
import { advance, type Capacity, type TrafficLook } from './rollout/advance.ts';
import type { Fitness } from './rollout/fitness.ts';
import type { RolloutMemory } from './rollout/memory.ts';
import type { RolloutFleet, RolloutReadings, TrafficSplit } from './rollout/ports.ts';
import { isRolloutOver, isRolloutUnderWay, isSettled, type RolloutState, stepOf } from './rollout/state.ts';
import { TrafficWatch } from './rollout/traffic-watch.ts';

export interface RolloutMeans {
  readonly clock: Clock;
  readonly fleet: RolloutFleet;
  readonly split: TrafficSplit;
  readonly readings: RolloutReadings;
  readonly memory: RolloutMemory;
  readonly callTimeoutMs: number;
  readonly closed: AbortSignal;
}

/** What went wrong and was survived, since this process drives it. */
export interface RolloutCounts {
  looks: number;
  /** Looks that did not begin because the one before was still under way. */
  skipped: number;
  /** Looks without a sight of the traffic. */
  blind: number;
  /** Endpoints of instances whose totals went backwards. */
  restarted: number;
  /** Times that the share was not taken up; it is told again at the next look. */
  notTaken: number;
  /** Times that the memory did not take a change, or somebody else had made one. */
  unremembered: number;
}

/** Who does not do what was asked now, and why. */
export type RolloutTroubles = Readonly<
  Partial<Record<'fleet' | 'split' | 'fitness' | 'traffic' | 'memory', string>>
>;

/** One rollout that is driven, look by look, of which never two go on at once. */
export class DrivenRollout {
  state: RolloutState;
  readonly counts: RolloutCounts = {
    looks: 0,
    skipped: 0,
    blind: 0,
    restarted: 0,
    notTaken: 0,
    unremembered: 0,
  };
  troubles: RolloutTroubles = {};
  readonly #means: RolloutMeans;
  #watch: TrafficWatch;
  /** Each has open questions of its own: a source that hangs keeps nobody from telling the proxies. */
  readonly #askers: Readonly<Record<keyof RolloutTroubles, Asker>>;
  /** The latest that was to be remembered and is not yet. */
  #isUnsaved = false;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #busy: Promise<void> | undefined;

  constructor(means: RolloutMeans, state: RolloutState) {
    this.#means = means;
    const { clock, callTimeoutMs, closed } = means;
    // What the proxies have is not known, and nobody has looked since: neither is held against the candidate.
    this.state = { ...state, isShareTaken: false, sightAtMs: clock.now() };
    this.#watch = new TrafficWatch(state.plan);
    const newAsker = (): Asker => new Asker(clock, callTimeoutMs, closed);
    this.#askers = {
      fleet: newAsker(),
      split: newAsker(),
      fitness: newAsker(),
      traffic: newAsker(),
      memory: newAsker(),
    };
  }

  /** For the timer: looks, unless that is under way. */
  tick(): void {
    if (isRolloutOver(this.state) && !this.#isUnsaved) return;
    if (this.#busy === undefined) void this.#alone(() => this.#look());
    else this.counts.skipped++;
  }

  /** It is over, and the memory knows: nothing will come of it any more. */
  get isDone(): boolean {
    return isRolloutOver(this.state) && !this.#isUnsaved && this.#busy === undefined;
  }

  /** Has the memory forget it. @returns whether it did. */
  async forget(): Promise<boolean> {
    const { id } = this.state;
    let isForgotten = false;
    await this.#alone(async () => {
      const answer = await this.#ask('memory', 'the memory', () => this.#means.memory.forget(id));
      isForgotten = 'value' in answer;
    });
    return isForgotten;
  }

  /** Remembers that it has begun, before anything is done about it. */
  async begin(): Promise<Answer<'saved' | 'conflict'>> {
    let answer: Answer<'saved' | 'conflict'> | undefined;
    await this.#alone(async () => {
      answer = await this.#ask('memory', 'the memory', () => this.#means.memory.save(this.state));
    });
    return answer as Answer<'saved' | 'conflict'>;
  }

  /** Changes the state when no look is under way, and does what follows from it. */
  change(evolve: (state: RolloutState) => RolloutState): Promise<void> {
    return this.#alone(() => this.#become(evolve(this.state)));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#busy !== undefined) await this.#busy;
  }

  #alone(work: () => Promise<void>): Promise<void> {
    const before = this.#busy ?? Promise.resolve();
    const done = before.catch(ignore).then(work);
    const busy = done.catch(ignore).finally(() => {
      if (this.#busy === busy) this.#busy = undefined;
    });
    this.#busy = busy;
    return done;
  }

  async #look(): Promise<void> {
    this.counts.looks++;
    const [traffic, capacity, fitness] = await Promise.all([
      this.#lookAtTraffic(),
      this.#askFleet(),
      this.#askFitness(),
    ]);
    await this.#become(advance(this.state, { atMs: this.#means.clock.now(), traffic, capacity, fitness }));
  }

  async #askFitness(): Promise<Fitness> {
    const { split } = this.#means;
    if (split.fitness === undefined) return { kind: 'fit' };
    const answer = await this.#ask('fitness', 'whatever splits the traffic', (signal) =>
      (split.fitness as NonNullable<typeof split.fitness>)(this.state, signal),
    );
    return 'value' in answer ? answer.value : { kind: 'partly fit', ...answer };
  }

  async #lookAtTraffic(): Promise<TrafficLook> {
    const answer = await this.#ask('traffic', 'the source of the figures', (signal) =>
      this.#means.readings.read(this.state, signal),
    );
    const look: TrafficLook =
      'value' in answer
        ? this.#watch.look(answer.value, this.#means.clock.monotonicMs(), isSettled(this.state))
        : { kind: 'blind', ...answer };
    this.counts.restarted = this.#watch.restarted;
    if (look.kind === 'blind') this.counts.blind++;
    return look;
  }

  /** Instances go only when nothing is sent to them any more. */
  async #askFleet(): Promise<Capacity> {
    const { state } = this;
    const { fleet } = this.#means;
    if (!isRolloutUnderWay(state) && !state.isShareTaken)
      return { kind: 'coming', because: 'traffic still goes there' };
    const answer = await this.#ask('fleet', 'the fleet', (signal) => {
      if (state.phase === 'finishing') return fleet.promote(state, signal);
      return fleet.carry(state, isRolloutUnderWay(state) ? stepOf(state).capacity : 0, signal);
    });
    return 'value' in answer ? answer.value : { kind: 'coming', ...answer };
  }

  /** More for the candidate is remembered before it is done, less afterwards: the way back waits for nobody. */
  async #become(after: RolloutState): Promise<void> {
    const before = this.state;
    this.#isUnsaved ||= isWorthSaving(before, after);
    if (after.share > before.share) {
      if (!(await this.#save(after))) return;
    } else {
      this.state = after;
    }
    // Once more at the end, for those that have gone.
    await this.#tellShare(isRolloutOver(after) && !isRolloutOver(before));
    if (this.#isUnsaved) await this.#save(this.state);
    // Nobody looks any more: what instances had counted is not to be kept as long as the rollout is remembered.
    if (isRolloutOver(this.state)) this.#watch = new TrafficWatch(this.state.plan);
  }

  /** Told again from time to time, for instances that came or went, and a proxy that has forgotten it. */
  async #tellShare(isLast: boolean): Promise<void> {
    const { clock, split } = this.#means;
    const { state } = this;
    const nowMs = clock.monotonicMs();
    // While instances come up, they are to be known as soon as they are there.
    const isFresh = nowMs - this.#toldAtMs < tellAgainMs && state.phase !== 'preparing';
    if (!isLast && (isRolloutOver(state) || (state.isShareTaken && isFresh))) return;
    const answer = await this.#ask('split', 'whatever splits the traffic', async (signal) => {
      await split.apply(state, state.share, signal);
      return true;
    });
    const isShareTaken = 'value' in answer;
    if (isShareTaken) this.#toldAtMs = nowMs;
    else this.counts.notTaken++;
    // From when it has the share on, it is to be seen.
    const sightAtMs = isShareTaken && !state.isShareTaken ? clock.now() : state.sightAtMs;
    this.state = { ...this.state, isShareTaken, sightAtMs };
  }

  async #save(wanted: RolloutState): Promise<boolean> {
    const { memory } = this.#means;
    const next = { ...wanted, version: this.state.version + 1 };
    const answer = await this.#ask('memory', 'the memory', () => memory.save(next));
    if ('value' in answer && answer.value === 'saved') {
      this.state = next;
      this.#isUnsaved = false;
      return true;
    }
    this.counts.unremembered++;
    if ('value' in answer) await this.#recall();
    return false;
  }

  /**
   * Somebody else has changed it, or a write of ours came through after its time: what is remembered counts, unless
   * this one is on its way back, or is to wait. Nobody's word turns more traffic to a candidate than that.
   */
  async #recall(): Promise<void> {
    const answer = await this.#ask('memory', 'the memory', () => this.#means.memory.load());
    const found = 'value' in answer ? answer.value.find(({ id }) => id === this.state.id) : undefined;
    if (found === undefined) return;
    const isSafer = this.state.phase === 'rolling back' || this.state.phase === 'paused';
    if (isSafer && !isRolloutOver(found)) {
      this.state = { ...this.state, version: found.version };
      return;
    }
    this.state = { ...found, isShareTaken: false, sightAtMs: this.#means.clock.now() };
    this.#isUnsaved = false;
  }

  async #ask<Value>(
    who: keyof RolloutTroubles,
    name: string,
    work: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Answer<Value>> {
    const answer = await this.#askers[who].ask(name, work);
    const { [who]: _, ...others } = this.troubles;
    this.troubles = 'because' in answer ? { ...others, [who]: answer.because } : others;
    return answer;
  }
}

const tellAgainMs = 10_000;

/** Turns, and evidence that would have to be gathered anew; not the seconds between them. */
function isWorthSaving(before: RolloutState, after: RolloutState): boolean {
  return before.log !== after.log || before.evidence !== after.evidence;
}

function ignore(): void {}
