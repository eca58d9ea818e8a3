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
  /** Whether other control planes have these schedules too. */
  readonly isShared: boolean;
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
/** So long what another control plane has made or deleted may not be known here. */
const sharedLookMsMax = 5000;

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
  /** How often one was made or deleted here. */
  #changes = 0;
  #isFailing = false;
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
    this.#changes++;
    this.#wait();
    return viewOf(entry);
  }

  async remove(id: string): Promise<void> {
    if (!this.#entries.has(id)) throw unknownThing('schedule');
    await this.#options.documents.remove('schedule', id);
    this.#entries.delete(id);
    this.#changes++;
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
    const { clock, isShared } = this.#options;
    if (this.#isClosed || (this.#entries.size === 0 && !isShared)) return;
    const nextMs = Math.min(
      ...[...this.#entries.values()].map((each) => each.nextMs ?? Number.POSITIVE_INFINITY),
    );
    const waitMs = Math.min(isShared ? sharedLookMsMax : lookMsMax, Math.max(0, nextMs - clock.now()));
    this.#timer = clock.setTimer(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    try {
      const nowMs = this.#options.clock.now();
      const due = [...this.#entries.values()].flatMap((entry) =>
        entry.nextMs !== undefined && entry.nextMs <= nowMs ? [{ entry, dueMs: entry.nextMs }] : [],
      );
      // Before anything is waited for, so that none comes twice.
      for (const { entry } of due) entry.nextMs = entry.rhythm.next(nowMs);
      // Deleted elsewhere, it would be started once more, and be there again.
      if (this.#options.isShared) await this.#refresh();
      for (const each of due)
        if (this.#entries.has(each.entry.schedule.id)) await this.#start({ ...each, nowMs });
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#options.onFailure(error);
      this.#isFailing = true;
    } finally {
      // Whatever could not be written down, the next time comes.
      this.#wait();
    }
  }

  /** Takes over what other control planes have made, deleted and started. */
  async #refresh(): Promise<void> {
    const changes = this.#changes;
    const stored = await this.#options.documents.list('schedule');
    // Read before a change of our own, it would take that back; the next look reads anew.
    if (this.#changes !== changes) return;
    const ids = new Set(stored.map(({ id }) => id));
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
    for (const { id, body } of stored) {
      const known = this.#entries.get(id);
      if (known === undefined) this.#take(body as Schedule);
      else known.schedule = body as Schedule;
    }
  }

  async #start({
    entry,
    dueMs,
    nowMs,
  }: {
    readonly entry: Entry;
    readonly dueMs: number;
    readonly nowMs: number;
  }): Promise<void> {
    const { documents, tests } = this.#options;
    const { lastProblem: _, ...before } = entry.schedule;
    const lastAt = timeOf(nowMs);
    try {
      const { id } = await tests.start(before.test, {
        ...{ keyId: 'schedule', scheduleId: before.id },
        // Of several control planes each comes at this time, to the same test.
        idempotencyKey: `${before.id} ${timeOf(dueMs)}`,
      });
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
