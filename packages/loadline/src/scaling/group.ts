import type { Clock } from '../base/index.ts';
import { Asker } from './ask.ts';
import { decide } from './decide/decide.ts';
import type { Decision, Recommendation, ScalingStep } from './decide/decision.ts';
import type { ScalingHold, Standing } from './decide/standing.ts';
import type { DecisionSpan } from './decision-span.ts';
import { type Fleet, isCrashLooping, type ScalingDriver } from './driver.ts';
import { eventOf, stepOf } from './event.ts';
import { countOf, type GroupCounts, noCounts } from './group-counts.ts';
import { GroupJournal } from './group-journal.ts';
import { GroupRestart } from './group-restart.ts';
import type { Round, RoundOutcome, StepOutcome } from './group-round.ts';
import type { ScalingEvent, ScalingMemory } from './memory.ts';
import { Outlook } from './outlook.ts';
import type { ManualScaling, ScalingConfiguration } from './policy/policy.ts';
import { wantedMetrics } from './policy/wanted-metrics.ts';
import type { ReadingsPort } from './readings.ts';
import { holdByRestart, type RestartOrder } from './restart.ts';
import { holdBy, type ScalingGate, takesPartBy } from './rule-gate.ts';
import { flawOf, type Readings, type SeenInstance } from './strategies/observation.ts';
import { holdByUnmet } from './unmet.ts';

/** What a group's rounds need. */
export interface GroupMeans {
  readonly clock: Clock;
  readonly driver: ScalingDriver;
  readonly readings: ReadingsPort;
  readonly memory: ScalingMemory;
  readonly callTimeoutMs: number;
  /** What keeps a group from being changed now, as `Rollouts.holdOf` tells it; absent: nothing. */
  readonly holdOf?: (group: string) => ScalingHold | undefined;
  /** Lets the rules of policies take part, and policies do something; absent: all of them. */
  readonly gate?: ScalingGate;
  readonly closed: AbortSignal;
}

/** One group that is scaled: what is set for it, what was done, and its rounds, of which never two go on at once. */
export class ScaledGroup {
  configuration: ScalingConfiguration;
  manual: ManualScaling | undefined;
  last: Round | undefined;
  readonly counts: GroupCounts = { ...noCounts };
  readonly #means: GroupMeans;
  /** Each has open questions of its own: a source that hangs keeps nobody from asking the driver. */
  readonly #driverAsker: Asker;
  readonly #readingsAsker: Asker;
  readonly #memoryAsker: Asker;
  readonly #outlook: Outlook;
  readonly #journal: GroupJournal;
  readonly #restart: GroupRestart;
  readonly #recommendations: Recommendation[] = [];
  #steps: ScalingStep[];
  #running: Promise<Round> | undefined;
  #next: Promise<Round> | undefined;

  constructor(means: GroupMeans, configuration: ScalingConfiguration, steps: readonly ScalingStep[]) {
    this.#means = means;
    this.configuration = configuration;
    this.#steps = [...steps];
    const newAsker = (): Asker => new Asker(means.clock, means.callTimeoutMs, means.closed);
    this.#driverAsker = newAsker();
    this.#readingsAsker = newAsker();
    this.#memoryAsker = newAsker();
    const { clock, driver, memory, readings } = means;
    const { group } = configuration;
    this.#outlook = new Outlook(group, readings, newAsker());
    this.#journal = new GroupJournal({ group, memory, asker: this.#memoryAsker, counts: this.counts });
    const keep = (event: ScalingEvent): void => this.#journal.keep(event);
    this.#restart = new GroupRestart({ group, clock, driver, asker: this.#driverAsker, keep });
  }

  /** For the timer: begins a round, unless one is under way. */
  tick(): void {
    if (this.#running === undefined) void this.round();
    else this.counts.skipped++;
  }

  /** A round that begins now, or as soon as the one under way has ended; all who ask meanwhile share it. */
  round(): Promise<Round> {
    if (this.#running !== undefined) {
      this.#next ??= this.#running.then(() => {
        this.#next = undefined;
        return this.round();
      });
      return this.#next;
    }
    this.#running = this.#go().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Has all instances replaced; not while a rollout holds the group, which has them replaced itself. */
  async restart(order: RestartOrder): Promise<StepOutcome> {
    const held = this.#means.holdOf?.(this.configuration.group);
    const outcome = await this.#restart.begin(order, held?.because);
    await this.round();
    return outcome;
  }

  async endRestart(order: RestartOrder): Promise<StepOutcome> {
    const outcome = await this.#restart.end(order);
    await this.round();
    return outcome;
  }

  /** What was decided and is not remembered yet, or not to its end; oldest first. */
  get unsavedDecisions(): readonly DecisionSpan[] {
    return this.#journal.unsavedDecisions;
  }

  /** Resolves when no round is under way and none is waiting. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#next !== undefined) await (this.#next ?? this.#running);
  }

  async #go(): Promise<Round> {
    this.counts.rounds++;
    this.last = await this.#look();
    await this.#journal.remember(this.last);
    return this.last;
  }

  async #look(): Promise<Round> {
    const { clock, driver } = this.#means;
    const { group } = this.configuration;
    const observed = await this.#driverAsker.ask('the driver', (signal) => driver.observe(group, signal));
    const fleet = 'value' in observed ? observed.value : ({ kind: 'unseen', ...observed } as const);
    if (fleet.kind === 'unseen') {
      this.counts.unseen++;
      return { kind: 'unseen', atMs: clock.now(), because: fleet.because };
    }
    const { readings, instances, unread } = await this.#read(fleet);
    this.#outlook.learn(fleet);
    this.#restart.look(fleet);
    const { wanted, ready, starting, stopping, unmet } = fleet;
    const crashing = fleet.instances.filter(isCrashLooping).length;
    const counts = {
      ...{ wanted, ready, starting, stopping },
      ...(crashing === 0 ? {} : { crashing }),
      ...(unmet === undefined ? {} : { unmet }),
    };
    const { foresight, because } = await this.#outlook.look(this.configuration.policy, {
      atMs: clock.now(),
      ...counts,
      readings,
    });
    if (because !== undefined) this.counts.unread++;
    const atMs = clock.now();
    await this.#endManual(atMs);
    const standing = {
      configuration: this.configuration,
      manual: this.manual,
      history: this.#steps,
      recommendations: this.#recommendationsFrom({ atMs, replicas: wanted }),
      foresight,
      ...this.#restraints(fleet),
    };
    const taking = fleet.instances.filter(({ state }) => state === 'ready');
    const readySinceMs = taking.map(({ sinceMs }) => sinceMs);
    const each = instances === undefined ? {} : { instances };
    const seen = { atMs, ...counts, readings, readySinceMs, ...each };
    const decision = decide(standing, seen);
    if (decision.recommended !== undefined)
      this.#recommendations.push({ atMs, replicas: decision.recommended });
    this.counts[countOf[decision.action]]++;
    const outcome = decision.action === 'hold' ? undefined : await this.#carryOut(decision);
    return { kind: 'decided', atMs, fleet, decision, outcome, unread: unread ?? because };
  }

  #restraints(fleet: Fleet): Pick<Standing, 'hold' | 'takesPart'> {
    const { gate, holdOf } = this.#means;
    const { group } = this.configuration;
    const byFlag = gate === undefined ? undefined : holdBy(gate, group);
    const hold = holdOf?.(group) ?? byFlag ?? holdByRestart(fleet.restart) ?? holdByUnmet(fleet);
    return {
      ...(hold === undefined ? {} : { hold }),
      ...(gate === undefined ? {} : { takesPart: takesPartBy(gate, group) }),
    };
  }

  /** What was wanted before; at the first look, that what is there was wanted until now. */
  #recommendationsFrom(first: Recommendation): readonly Recommendation[] {
    const all = this.#recommendations;
    if (all.length === 0) all.push(first);
    // Of those that are older than the longest window, the last still counts.
    const fromMs = first.atMs - windowMsMax;
    while ((all[1]?.atMs ?? Number.POSITIVE_INFINITY) <= fromMs || all.length > recommendationsMax)
      all.shift();
    return all;
  }

  async #read(fleet: Fleet): Promise<Read> {
    const { clock, readings } = this.#means;
    const { group, policy } = this.configuration;
    const metrics = wantedMetrics(policy);
    const isByInstance = policy.hpa !== undefined && readings.readEach !== undefined;
    const answer = await this.#readingsAsker.ask('the source of the metrics', async (signal) => ({
      ofGroup: await readings.read(group, metrics, signal),
      each: isByInstance ? await readings.readEach?.(group, metrics, signal) : undefined,
    }));
    if ('because' in answer) {
      this.counts.unread++;
      return { readings: {}, instances: undefined, unread: answer.because };
    }
    const { ofGroup, each } = answer.value;
    const read = metrics.flatMap(({ metric }) => ofGroup[metric] ?? []);
    const nowMs = clock.now();
    for (const reading of read) {
      if (!('value' in reading)) continue;
      const isFlawed = flawOf(reading, nowMs, policy.staleAfterMs) !== undefined;
      this.counts.setAside += (reading.setAside ?? 0) + (isFlawed ? 1 : 0);
    }
    return { readings: ofGroup, instances: each && seenInstances(fleet, each), unread: undefined };
  }

  /** What is set by hand is meant, also while the policy is only tried. */
  async #carryOut(decision: Decision): Promise<RoundOutcome> {
    const isTried = this.configuration.policy.mode === 'dry run' && decision.bound?.kind !== 'manual';
    return isTried ? { kind: 'dry run' } : this.#apply(decision);
  }

  async #apply(decision: Decision): Promise<StepOutcome> {
    const { group, to } = decision;
    const answer = await this.#driverAsker.ask('the driver', (signal) =>
      this.#means.driver.apply(group, to, signal),
    );
    const outcome: StepOutcome = 'value' in answer ? answer.value : { kind: 'failed', ...answer };
    if (outcome.kind === 'accepted') this.#steps = keepStep(this.#steps, decision);
    else this.counts.notTaken++;
    this.#journal.keep(eventOf(decision, outcome));
    return outcome;
  }

  async #endManual(atMs: number): Promise<void> {
    const { manual } = this;
    if (manual === undefined || atMs < manual.untilMs) return;
    this.manual = undefined;
    const { memory } = this.#means;
    const saved = await this.#memoryAsker.ask('the memory', () => memory.saveManual(manual.group, undefined));
    // Nothing is lost by it: one whose time is over is read, and dropped again, after the next start.
    if ('because' in saved) this.counts.unremembered++;
  }
}

interface Read {
  readonly readings: Readings;
  readonly instances: readonly SeenInstance[] | undefined;
  readonly unread: string | undefined;
}

/** Where the engine doesn't tell when one was made, it counts as new since it is what it is. */
function seenInstances({ instances }: Fleet, each: ReadonlyMap<string, Readings>): readonly SeenInstance[] {
  return instances.map(({ id, state, sinceMs, startedMs = sinceMs }) => {
    return { id, state, sinceMs, startedMs, readings: each.get(id) ?? {} };
  });
}

/** No window is longer than an hour; beyond so many, the oldest are forgotten, as if it were shorter. */
const windowMsMax = 3_600_000;
const recommendationsMax = 10_000;

/** No cooldown is longer than a day. */
const stepsAgeMsMax = 86_400_000;
const stepsMax = 1000;

function keepStep(steps: readonly ScalingStep[], decision: Decision): ScalingStep[] {
  const young = steps.filter(({ atMs }) => atMs > decision.atMs - stepsAgeMsMax);
  return [...young, stepOf(decision)].slice(-stepsMax);
}
