import {
  type Clock,
  createRandom,
  type Random,
  systemClock,
  type Timer,
  weightedPicker,
} from '../base/index.ts';
import { ArrivalQueue, slackMs } from './arrival-queue.ts';
import { createDataRows, type DataRows } from './data-rows.ts';
import { type GeneratorWatch, watchGenerator } from './generator-watch.ts';
import type { LoadPlan } from './plan.ts';
import { type LoadProgress, progressOf } from './progress.ts';
import { Recorder } from './recorder.ts';
import { type LoadReport, reportOf } from './report.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import type { Transport } from './transports/transport.ts';
import { type RunningScenario, VirtualUser } from './virtual-user.ts';

export interface LoadOptions {
  readonly transport: Transport;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Ends the run early: users end their request, and the report tells what was measured until then. */
  readonly signal?: AbortSignal;
  /** Called once a second, and at the end. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Watches the generator; a simulation gives one that sees nothing. */
  readonly watch?: (clock: Clock) => GeneratorWatch;
}

/**
 * Runs a load test to its end and tells what was measured. Never rejects because of what the target does:
 * failures are part of the report. Closes the transport.
 *
 * The run goes through its stages: a closed stage holds a number of users, each beginning again when it has
 * ended; an open stage has arrivals at their due times, whoever is busy. Then it drains: pauses end at once,
 * requests under way get `gracefulStopMs`.
 */
export function runLoad(plan: LoadPlan, options: LoadOptions): Promise<LoadReport> {
  return new LoadRun(plan, options).run();
}

class LoadRun {
  readonly #plan: LoadPlan;
  readonly #options: LoadOptions;
  readonly #clock: Clock;
  readonly #recorder = new Recorder();
  readonly #schedule: Schedule;
  readonly #arrivals: ArrivalQueue;
  readonly #data: DataRows;
  readonly #scenarios: readonly RunningScenario[];
  readonly #random: Random;
  readonly #pickScenario: (random: Random) => number;
  readonly #watch: GeneratorWatch;
  readonly #startMs: number;
  readonly #startedAt: number;

  readonly #busy = new Set<VirtualUser>();
  /** Those of them that are busy with an arrival. */
  readonly #visitors = new Set<VirtualUser>();
  /** Users of an open stage that wait for work; the last to come is the first to go, which keeps few warm. */
  readonly #idle: VirtualUser[] = [];
  /** Users of a closed stage in the order in which they came. */
  readonly #closed: VirtualUser[] = [];
  /** Numbers of users that have left: taken again first, so that each stays with its row of data. */
  readonly #freeNumbers: number[] = [];
  readonly #resting = new Map<VirtualUser, Timer>();
  #userCount = 0;
  /** How many users there ever were: each draws from a stream of its own, also one that takes a free number. */
  #usersBorn = 0;
  /** Whether all users are busy, so that the next arrival waits for one instead of for its time. */
  #isBlocked = false;
  /** Whether arrivals are being started: an iteration that ends within its beginning leaves its user to them. */
  #isStarting = false;
  #timer: Timer | undefined;
  #drainingSinceMs: number | undefined;
  #forcedEndMs = never;
  #finish: () => void = () => undefined;

  constructor(plan: LoadPlan, options: LoadOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#schedule = createSchedule(plan.stages);
    this.#arrivals = new ArrivalQueue(this.#schedule, plan.limits.requestTimeoutMs, this.#recorder);
    this.#data = createDataRows(plan.data);
    this.#random = createRandom(plan.seed);
    this.#pickScenario = weightedPicker(plan.scenarios.map((scenario) => scenario.weight));
    this.#scenarios = plan.scenarios.map((scenario) => ({
      scenario,
      lanes: scenario.steps.map((step) =>
        step.kind === 'request' ? this.#recorder.lane(scenario.name, step.name) : undefined,
      ),
    }));
    this.#watch = (options.watch ?? watchGenerator)(this.#clock);
    this.#startMs = this.#clock.monotonicMs();
    this.#startedAt = this.#clock.now();
  }

  async run(): Promise<LoadReport> {
    const { signal, onProgress, transport } = this.#options;
    const ended = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const onAbort = (): void => this.#drain(interruptGraceMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const stopProgress = this.#reportProgress(onProgress);
    if (signal?.aborted) onAbort();
    else this.#tick();
    await ended;
    signal?.removeEventListener('abort', onAbort);
    stopProgress();
    this.#watch.stop();
    transport.close();
    return this.#report();
  }

  /** Does what is due, then sleeps until the next thing is. */
  #tick(): void {
    this.#timer = undefined;
    const elapsedMs = this.#elapsedMs() + slackMs;
    const wasBlocked = this.#isBlocked;
    this.#isBlocked = false;
    if (elapsedMs >= this.#schedule.durationMs) {
      this.#drain(this.#plan.limits.gracefulStopMs);
      return;
    }
    this.#adjustUsers(elapsedMs);
    this.#startArrivals(elapsedMs, wasBlocked);
    if (this.#drainingSinceMs !== undefined) return;
    this.#isBlocked = !this.#canStart();
    const arrivalMs = this.#isBlocked ? undefined : this.#arrivals.nextMs;
    const changeMs = this.#schedule.nextUserChange(elapsedMs);
    const nextMs = Math.min(this.#schedule.durationMs, changeMs ?? never, arrivalMs ?? never);
    this.#timer = this.#clock.setTimer(() => this.#tick(), Math.max(0, nextMs - this.#elapsedMs()));
  }

  #adjustUsers(elapsedMs: number): void {
    const wanted = this.#schedule.usersAt(elapsedMs);
    while (this.#closed.length > wanted) {
      const user = this.#closed.pop() as VirtualUser;
      user.isResident = false;
      if (this.#resting.has(user)) this.#retire(user);
      else user.stop();
    }
    while (this.#closed.length < wanted && this.#drainingSinceMs === undefined) {
      const user = this.#idle.pop() ?? this.#takeVisitor() ?? this.#addUser();
      user.isResident = true;
      this.#closed.push(user);
      if (!this.#busy.has(user)) this.#begin(user, this.#clock.monotonicMs());
    }
    this.#recorder.timeline.users(elapsedMs, this.#busy.size);
  }

  /** A closed stage takes over whom an open one has left, so that nobody comes for whom there is no row of data. */
  #takeVisitor(): VirtualUser | undefined {
    const [visitor] = this.#visitors;
    if (visitor !== undefined) this.#visitors.delete(visitor);
    return visitor;
  }

  /** Begins every arrival that is due, as long as there are users; the rest wait and keep their due time. */
  #startArrivals(elapsedMs: number, wasBlocked: boolean): void {
    this.#isStarting = true;
    while (this.#canStart() && this.#drainingSinceMs === undefined) {
      const dueMs = wasBlocked ? this.#arrivals.takeWaiting(elapsedMs) : this.#arrivals.takeDue(elapsedMs);
      if (dueMs === undefined) break;
      if (!wasBlocked) this.#watch.late(elapsedMs - dueMs);
      const user = this.#idle.pop() ?? this.#addUser();
      this.#visitors.add(user);
      this.#begin(user, this.#startMs + dueMs);
    }
    this.#isStarting = false;
  }

  #canStart(): boolean {
    return this.#idle.length > 0 || this.#userCount < this.#plan.limits.usersMax;
  }

  #addUser(): VirtualUser {
    const number = this.#freeNumbers.pop() ?? this.#userCount;
    this.#userCount++;
    return new VirtualUser(
      number,
      createRandom(`${this.#plan.seed}/${this.#usersBorn++}`),
      this.#options.transport.open(),
      {
        clock: this.#clock,
        recorder: this.#recorder,
        data: this.#data,
        requestTimeoutMs: this.#plan.limits.requestTimeoutMs,
        startMs: this.#startMs,
        onLate: (latenessMs) => this.#watch.late(latenessMs),
        onIdle: (user) => this.#onIdle(user),
      },
    );
  }

  #begin(user: VirtualUser, dueMs: number): void {
    if (this.#data.isExhausted) {
      this.#drain(this.#plan.limits.gracefulStopMs);
      this.#retire(user);
      return;
    }
    this.#busy.add(user);
    user.begin(this.#scenarios[this.#pickScenario(this.#random)] as RunningScenario, dueMs);
  }

  #onIdle(user: VirtualUser): void {
    this.#busy.delete(user);
    this.#visitors.delete(user);
    if (this.#drainingSinceMs !== undefined) {
      this.#retire(user);
      this.#endWhenDrained();
    } else if (user.isResident) this.#beginAgain(user);
    else if (user.isStopping || this.#arrivals.nextMs === undefined) this.#retire(user);
    else this.#rest(user);
  }

  /** A user whose last iteration could do nothing rests first: a target that refuses is not hammered. */
  #beginAgain(user: VirtualUser): void {
    if (!user.needsRest) {
      this.#begin(user, this.#clock.monotonicMs());
      return;
    }
    const timer = this.#clock.setTimer(() => {
      this.#resting.delete(user);
      this.#begin(user, this.#clock.monotonicMs());
    }, restMs);
    this.#resting.set(user, timer);
  }

  /** Puts a user of an open stage where the next arrival finds it. */
  #rest(user: VirtualUser): void {
    user.forget();
    this.#idle.push(user);
    this.#unblock();
  }

  #retire(user: VirtualUser): void {
    this.#resting.get(user)?.cancel();
    this.#resting.delete(user);
    this.#userCount--;
    this.#freeNumbers.push(user.user);
    user.close();
    this.#unblock();
  }

  /** There is room again: begins what has waited for it, and then waits for arrivals as before. */
  #unblock(): void {
    if (!this.#isBlocked || this.#isStarting || this.#drainingSinceMs !== undefined) return;
    this.#startArrivals(this.#elapsedMs(), true);
    if (!this.#canStart() || this.#drainingSinceMs !== undefined) return;
    this.#timer?.cancel();
    this.#tick();
  }

  /** Ends the run: nothing new begins, what is under way gets `graceMs`. */
  #drain(graceMs: number): void {
    if (this.#drainingSinceMs !== undefined) {
      this.#endWithin(graceMs);
      return;
    }
    this.#drainingSinceMs = this.#elapsedMs();
    this.#arrivals.dropDue(this.#drainingSinceMs);
    for (const user of [...this.#resting.keys(), ...this.#idle]) this.#retire(user);
    for (const user of [...this.#busy]) user.stop();
    this.#endWithin(graceMs);
    this.#endWhenDrained();
  }

  /** An interrupt during the drain shortens the rest of it; nothing makes it longer. */
  #endWithin(graceMs: number): void {
    const endMs = this.#elapsedMs() + graceMs;
    if (endMs > this.#forcedEndMs) return;
    this.#forcedEndMs = endMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => {
      for (const user of [...this.#busy]) user.close();
      this.#busy.clear();
      this.#endWhenDrained();
    }, graceMs);
  }

  #endWhenDrained(): void {
    if (this.#drainingSinceMs === undefined || this.#busy.size > 0) return;
    this.#timer?.cancel();
    this.#finish();
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMs;
  }

  #reportProgress(onProgress: ((progress: LoadProgress) => void) | undefined): () => void {
    const report = (): void => {
      const elapsedMs = this.#elapsedMs();
      this.#recorder.timeline.users(elapsedMs, this.#busy.size);
      onProgress?.(
        progressOf(this.#recorder, {
          elapsedMs,
          durationMs: this.#schedule.durationMs,
          users: this.#busy.size,
        }),
      );
    };
    const again = (): void => {
      report();
      timer = this.#clock.setTimer(again, 1000);
    };
    let timer = this.#clock.setTimer(again, 1000);
    return () => {
      timer.cancel();
      report();
    };
  }

  #report(): LoadReport {
    return reportOf(this.#plan, this.#recorder, {
      startedAt: this.#startedAt,
      activeMs: this.#drainingSinceMs ?? 0,
      plannedMs: this.#schedule.durationMs,
      arrivals: this.#schedule.arrivals,
      wasInterrupted: this.#options.signal?.aborted ?? false,
      generatorSamples: this.#watch.samples,
    });
  }
}

const never = Number.POSITIVE_INFINITY;
/** After an interrupt people want their prompt back; requests that take longer are counted as unfinished. */
const interruptGraceMs = 2000;
/** How long a user waits after an iteration in which it got no answer or had nothing to send. */
const restMs = 100;
