import type { Clock, Timer } from 'loadline/base';
import { type Schedule, type TestOrder, timeOf } from '../contract/index.ts';
import type { Documents, NextId } from '../memory/index.ts';
import { Problem, tooMany, unknownThing } from '../problems/index.ts';
import { type Rhythm, readRhythm } from './cron.ts';
import { invalid } from './scenario-of.ts';
import type { Tests } from './tests.ts';

export interface SchedulesOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly tests: Pick<Tests, 'start' | 'assertRunnable'>;
  readonly onFailure: (error: unknown) => void;
}

export interface ScheduleRequest {
  readonly name: string;
  readonly cron: string;
  readonly timezone?: string | undefined;
  readonly test: TestOrder;
}

const schedulesMax = 100;

/** A timer takes no longer wait; and a clock that was set is noticed within it. */
const lookMsMax = 60_000;

interface Entry {
  schedule: Schedule;
  readonly rhythm: Rhythm;
  nextMs: number | undefined;
}

/**
 * Lets tests start by themselves. What was missed while nobody ran is not made up for: it would all come at once. What
 * production is, no schedule loads.
 */
export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #entries = new Map<string, Entry>();
  #timer: Timer | undefined;
  #isClosed = false;

  private constructor(options: SchedulesOptions) {
    this.#options = options;
  }

  static async open(options: SchedulesOptions): Promise<Schedules> {
    const schedules = new Schedules(options);
    for (const { body } of await options.documents.list('schedule')) schedules.#take(body as Schedule);
    schedules.#wait();
    return schedules;
  }

  list(): readonly Schedule[] {
    return [...this.#entries.values()].map(viewOf).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @throws whatever a start of the same test would throw now. */
  async create(request: ScheduleRequest, createdBy: string): Promise<Schedule> {
    const { nextId, clock, documents, tests } = this.#options;
    if (this.#entries.size >= schedulesMax)
      throw tooMany(`There are ${schedulesMax} schedules already.`, 3600);
    const { name, cron, timezone = 'UTC', test } = request;
    readRhythm(cron, timezone);
    if (test.production !== undefined) throw ofProduction('/test/production', 'is not known here');
    await tests.assertRunnable(test).catch(refuseTest);
    const schedule: Schedule = {
      id: nextId(),
      name,
      cron,
      timezone,
      test,
      createdAt: timeOf(clock.now()),
      createdBy,
      skipped: 0,
    };
    await documents.put('schedule', schedule.id, schedule);
    const entry = this.#take(schedule);
    this.#wait();
    return viewOf(entry);
  }

  async remove(id: string): Promise<void> {
    if (!this.#entries.has(id)) throw unknownThing('schedule');
    await this.#options.documents.remove('schedule', id);
    this.#entries.delete(id);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #take(schedule: Schedule): Entry {
    const rhythm = readRhythm(schedule.cron, schedule.timezone);
    const entry = { schedule, rhythm, nextMs: rhythm.next(this.#options.clock.now()) };
    this.#entries.set(schedule.id, entry);
    return entry;
  }

  #wait(): void {
    this.#timer?.cancel();
    if (this.#isClosed || this.#entries.size === 0) return;
    const { clock } = this.#options;
    const nextMs = Math.min(
      ...[...this.#entries.values()].map((each) => each.nextMs ?? Number.POSITIVE_INFINITY),
    );
    const waitMs = Math.min(lookMsMax, Math.max(0, nextMs - clock.now()));
    this.#timer = clock.setTimer(() => void this.#look().catch(this.#options.onFailure), waitMs);
  }

  async #look(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const due = [...this.#entries.values()].filter(({ nextMs }) => nextMs !== undefined && nextMs <= nowMs);
    // Before anything is waited for, so that none comes twice.
    for (const entry of due) entry.nextMs = entry.rhythm.next(nowMs);
    for (const entry of due) await this.#start(entry, nowMs);
    this.#wait();
  }

  async #start(entry: Entry, nowMs: number): Promise<void> {
    const { documents, tests } = this.#options;
    const { lastProblem: _, ...before } = entry.schedule;
    const lastAt = timeOf(nowMs);
    try {
      const { id } = await tests.start(before.test, { keyId: 'schedule', scheduleId: before.id });
      entry.schedule = { ...before, lastAt, lastTestId: id };
    } catch (error) {
      // What can be refused may be right again the next time; it is counted, and shown.
      const lastProblem = error instanceof Problem ? error.message : 'It could not be queued.';
      entry.schedule = { ...before, lastAt, lastProblem, skipped: before.skipped + 1 };
      if (!(error instanceof Problem)) this.#options.onFailure(error);
    }
    if (this.#entries.has(before.id)) await documents.put('schedule', before.id, entry.schedule);
  }
}

function viewOf({ schedule, nextMs }: Entry): Schedule {
  return nextMs === undefined ? schedule : { ...schedule, nextAt: timeOf(nextMs) };
}

function ofProduction(pointer: string, detail: string): Problem {
  const errors = [{ in: 'body', pointer, detail }] as const;
  return new Problem('CONTROL_PLANE_PRODUCTION', 'A schedule never loads production.', { errors });
}

/** What is wrong with the test of a schedule, with its place in the body of the schedule. */
function refuseTest(error: unknown): never {
  if (!(error instanceof Problem) || error.errors === undefined) throw error;
  const { code, message, errors, headers } = error;
  // To spell out its name, which a start of the test would want, is no way here.
  if (code === 'CONTROL_PLANE_PRODUCTION') throw ofProduction('/test/target', 'is marked as production');
  const placed = errors.map((each) => ({ ...each, pointer: `/test${each.pointer}` }));
  if (code === 'CONTROL_PLANE_SCENARIO_INVALID') throw invalid(placed);
  throw new Problem(code, message, { errors: placed, headers });
}
