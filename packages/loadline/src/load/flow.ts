import { type Random, weightedPicker } from '../base/index.ts';
import type { Agenda, Task } from './agenda.ts';
import { ArrivalQueue, slackMs } from './arrival-queue.ts';
import type { Crew } from './crew.ts';
import type { DataRows } from './data/data-rows.ts';
import type { Recorder } from './measure/recorder.ts';
import type { Program } from './program.ts';
import type { Schedule } from './schedule.ts';
import { partOf, type Share } from './share.ts';
import type { Employer, VirtualUser } from './virtual-user.ts';

/** What a flow needs of its run. */
export interface FlowContext {
  readonly agenda: Agenda;
  readonly recorder: Recorder;
  readonly data: DataRows;
  readonly crew: Crew;
  readonly share: Share;
  /** The run's start on the clock's monotonic scale. */
  readonly startMs: number;
  /** Since then. */
  elapsedMs(): number;
  /** How far the schedule has gone already when the flow begins, because another generator has done that part. */
  readonly skippedMs: number;
  readonly patienceMs: number;
  onLate(latenessMs: number): void;
  /** Nothing is left to do: the schedule is over, or its users have done their iterations or the last rows of data. */
  onOver(flow: Flow): void;
  /** A user has become idle after the flow was stopped. */
  onStoppedIdle(): void;
  /** A user has gone or become idle: another flow may have been waiting for room. */
  onRoom(): void;
  /** Has another flow part with an idle user. @returns whether one did. */
  makeRoom(flow: Flow): boolean;
}

/**
 * The work of one schedule: a closed stage holds a number of users, each beginning again when it has ended;
 * an open stage has arrivals at their due times, whoever is busy. Users are handed on from stage to stage.
 */
export class Flow implements Task, Employer {
  dueMs = 0;
  place = -1;

  readonly schedule: Schedule;
  readonly #context: FlowContext;
  readonly #programs: readonly Program[];
  readonly #random: Random;
  readonly #pickProgram: (random: Random) => number;
  readonly #arrivals: ArrivalQueue;
  /** Users of an open stage that wait for work; the last to come is the first to go, which keeps few warm. */
  readonly #idle: VirtualUser[] = [];
  /** Users of a closed stage in the order in which they came. */
  readonly #closed: VirtualUser[] = [];
  #stage = -1;
  /** How many users the closed stage wants of this share, those included who have done all their iterations. */
  #wanted = 0;
  /** How many of them have, and went. */
  #finished = 0;
  #busy = 0;
  /** Whether all users are busy, so that the next arrival waits for one instead of for its time. */
  #isBlocked = false;
  /** Whether arrivals are being started: an iteration that ends within its beginning leaves its user to them. */
  #isStarting = false;
  /** Whether no row is left for an iteration: nothing begins any more, and who is busy comes to an end. */
  #isOutOfData = false;
  #isStopped = false;

  /** @param weighed the scenarios among which each iteration draws. */
  constructor(
    schedule: Schedule,
    weighed: readonly { readonly program: Program; readonly weight: number }[],
    random: Random,
    context: FlowContext,
  ) {
    this.schedule = schedule;
    this.#context = context;
    this.#programs = weighed.map(({ program }) => program);
    this.#pickProgram = weightedPicker(weighed.map(({ weight }) => weight));
    this.#random = random;
    this.#arrivals = new ArrivalQueue(schedule, context.patienceMs, context.recorder, context.share);
  }

  start(): void {
    if (this.#context.skippedMs > 0) this.#arrivals.skipDue(this.#context.skippedMs);
    this.run();
  }

  /** How many users are within an iteration. */
  get busy(): number {
    return this.#busy;
  }

  /** The agenda calls: does what is due, then waits until the next thing is. */
  run(): void {
    if (this.#isStopped) return;
    const elapsedMs = this.#context.elapsedMs() + slackMs;
    const wasBlocked = this.#isBlocked;
    this.#isBlocked = false;
    if (this.#mayBegin && elapsedMs < this.schedule.durationMs) this.#adjustUsers(elapsedMs);
    this.#startArrivals(elapsedMs, wasBlocked);
    if (this.#isStopped) return;
    if (elapsedMs >= this.schedule.durationMs) this.#context.onOver(this);
    else this.#context.agenda.add(this, this.#context.startMs + this.#nextMs(elapsedMs));
  }

  /** Nothing new begins; pauses end at once, requests that are under way may end. */
  stop(elapsedMs: number): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#context.agenda.remove(this);
    if (!this.#isOutOfData) this.#arrivals.dropDue(elapsedMs);
    this.#idle.length = 0;
    this.#closed.length = 0;
    for (const user of this.#context.crew.users.filter((each) => each.isEmployedBy(this))) {
      if (user.isBusy) user.stop();
      else this.#dismiss(user);
    }
  }

  onIdle(user: VirtualUser): void {
    this.#busy--;
    if (this.#isStopped) {
      this.#dismiss(user);
      this.#context.onStoppedIdle();
    } else if (this.#isOutOfData) this.#leaveLast(user);
    else if (user.isResident) this.#beginAgain(user);
    else if (user.isStopping || this.#arrivals.nextMs === undefined) this.#dismiss(user);
    else this.#rest(user);
  }

  onRested(user: VirtualUser): void {
    this.#begin(user, this.#context.startMs + this.#context.elapsedMs());
  }

  /** Parts with an idle user, so that another flow has room. @returns whether there was one. */
  giveUpIdle(): boolean {
    const user = this.#idle.shift();
    if (user !== undefined) this.#context.crew.dismiss(user);
    return user !== undefined;
  }

  /** There is room again: begins what has waited for it, and then waits for arrivals as before. */
  unblock(): void {
    if (!this.#isBlocked || this.#isStarting || this.#isStopped) return;
    this.#startArrivals(this.#context.elapsedMs(), true);
    if (!this.#mayBegin || !this.#canStart()) return;
    this.run();
  }

  get #mayBegin(): boolean {
    return !this.#isStopped && !this.#isOutOfData;
  }

  /** When there is something to do again. */
  #nextMs(elapsedMs: number): number {
    if (this.#isOutOfData) return this.schedule.durationMs;
    this.#isBlocked = !this.#canStart();
    const arrivalMs = this.#isBlocked ? undefined : this.#arrivals.nextMs;
    const changeMs = this.schedule.nextUserChange(elapsedMs);
    return Math.min(this.schedule.durationMs, changeMs ?? never, arrivalMs ?? never);
  }

  #adjustUsers(elapsedMs: number): void {
    const { share, crew, recorder, startMs } = this.#context;
    this.#enterStage(elapsedMs);
    this.#wanted = partOf(share, this.schedule.usersAt(elapsedMs));
    while (this.#closed.length > this.#wanted - this.#finished) {
      const user = this.#closed.pop() as VirtualUser;
      user.isResident = false;
      if (user.isResting) this.#dismiss(user);
      else user.stop();
    }
    const visitors = this.#closed.length < this.#wanted - this.#finished ? this.#visitors() : [];
    while (this.#closed.length < this.#wanted - this.#finished && this.#mayBegin) {
      const user = this.#idle.pop() ?? visitors.pop() ?? crew.hire(this);
      user.isResident = true;
      user.iterationsLeft = this.schedule.iterationsPerUserAt(elapsedMs);
      this.#closed.push(user);
      if (!user.isBusy) this.#begin(user, startMs + this.#context.elapsedMs());
    }
    recorder.users(elapsedMs, this.#context.crew.size - this.#idle.length);
    if (this.#mayBegin) this.#endWithIterations();
  }

  /** Each stage counts iterations by itself, also of those whom it has from the one before. */
  #enterStage(elapsedMs: number): void {
    const stage = this.schedule.stageAt(elapsedMs);
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#finished = 0;
    const perUser = this.schedule.iterationsPerUserAt(elapsedMs);
    for (const user of this.#closed) user.iterationsLeft = perUser;
  }

  #endWithIterations(): void {
    const { countedStage } = this.schedule;
    if (this.#stage === countedStage && this.#finished === this.#wanted) this.#context.onOver(this);
  }

  /** A closed stage takes over whom an open one has left, so that nobody comes for whom there is no row of data. */
  #visitors(): VirtualUser[] {
    if (this.#busy === this.#closed.length) return [];
    return this.#context.crew.users.filter(
      (user) => user.isBusy && !user.isResident && !user.isStopping && user.isEmployedBy(this),
    );
  }

  /** Begins every arrival that is due, as long as there are users; the rest wait and keep their due time. */
  #startArrivals(elapsedMs: number, wasBlocked: boolean): void {
    this.#isStarting = true;
    // As far ahead as the agenda looks, so that half of the arrivals are not late by a grain.
    const untilMs = wasBlocked ? elapsedMs : elapsedMs + this.#context.agenda.lookAheadMs;
    while (this.#mayBegin && this.#canStart()) {
      const dueMs = wasBlocked ? this.#arrivals.takeWaiting(untilMs) : this.#arrivals.takeDue(untilMs);
      if (dueMs === undefined) break;
      if (!wasBlocked) this.#context.onLate(elapsedMs - dueMs);
      const user = this.#idle.pop() ?? this.#context.crew.hire(this);
      this.#begin(user, this.#context.startMs + Math.min(dueMs, elapsedMs));
    }
    this.#isStarting = false;
  }

  #canStart(): boolean {
    return this.#idle.length > 0 || this.#context.crew.hasRoom || this.#context.makeRoom(this);
  }

  #begin(user: VirtualUser, dueMs: number): void {
    if (this.#context.data.isExhausted) {
      this.#endWithData();
      this.#leaveLast(user);
      return;
    }
    this.#busy++;
    user.begin(this.#chooseProgram(), dueMs);
  }

  /** Whoever has a row works with it to the end, as long as the schedule lasts; whoever waits for one goes. */
  #endWithData(): void {
    if (this.#isOutOfData) return;
    this.#isOutOfData = true;
    this.#isBlocked = false;
    this.#arrivals.dropDue(this.#context.elapsedMs());
    this.#closed.length = 0;
    for (const user of this.#idle.splice(0)) this.#dismiss(user);
  }

  #leaveLast(user: VirtualUser): void {
    this.#dismiss(user);
    if (this.#busy === 0 && !this.#isStopped) this.#context.onOver(this);
  }

  #chooseProgram(): Program {
    const only = this.#programs.length === 1;
    return this.#programs[only ? 0 : this.#pickProgram(this.#random)] as Program;
  }

  /** A user whose last iteration could do nothing rests first: a target that refuses is not hammered. */
  #beginAgain(user: VirtualUser): void {
    if (user.iterationsLeft <= 0) this.#finish(user);
    else if (user.needsRest) user.rest(restMs);
    else if (user.wasInstant) user.rest(0);
    else this.#begin(user, user.endedMs);
  }

  /** A user has done its iterations. */
  #finish(user: VirtualUser): void {
    this.#closed.splice(this.#closed.indexOf(user), 1);
    this.#finished++;
    this.#dismiss(user);
    this.#endWithIterations();
  }

  /** Puts a user of an open stage where the next arrival finds it. */
  #rest(user: VirtualUser): void {
    user.forget();
    this.#idle.push(user);
    this.unblock();
    this.#context.onRoom();
  }

  #dismiss(user: VirtualUser): void {
    if (user.slot < 0) return;
    this.#context.crew.dismiss(user);
    this.unblock();
    this.#context.onRoom();
  }
}

const never = Number.POSITIVE_INFINITY;
/** How long a user waits after an iteration in which it got no answer or had nothing to send. */
const restMs = 100;
