import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, formatDuration, isLoadlineError, sleep, type Timer } from 'loadline/base';
import type { LoadProgress } from 'loadline/load';
import type { LoadTest, TestOrder } from '../contract/index.ts';
import type { Documents, NextId } from '../memory/index.ts';
import { Problem, tooMany, unknownThing } from '../problems/index.ts';
import { type HistoryFilter, pageOf } from './history.ts';
import { earlierTest, fingerprintOf } from './idempotency.ts';
import { type PreparedTest, prepareTest } from './prepare-test.ts';
import { type ResultFormat, readVerdict, resultFileIn } from './run-files.ts';
import type { Runner } from './runner.ts';
import { assertMeant, judgeTarget, type TargetPolicy } from './target-policy.ts';
import { TestBook } from './test-book.ts';
import { isOver, type TestRecord, viewOf } from './test-record.ts';

export interface TestsOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly runner: Runner;
  /** Has a folder for each run. */
  readonly folder: string;
  readonly policy: TargetPolicy;
  readonly limits: TestLimits;
  /** Hears of what went wrong here, without being asked for. */
  readonly onFailure: (error: unknown) => void;
  /** Hears of each change of a test, its progress among them. */
  readonly onChange?: (test: LoadTest) => void;
}

export interface TestLimits {
  /** At once; a second one on the same machine takes from the first what it measures with. */
  readonly runningMax: number;
  readonly queuedMax: number;
  /** Kept, the oldest that are over go first. */
  readonly keptMax: number;
  /** Of one test, at once. */
  readonly usersMax: number;
  /** After this a test is ended. */
  readonly durationMsMax: number;
}

/** Who wants a test. */
export interface Orderer {
  readonly keyId: string;
  readonly idempotencyKey?: string | undefined;
  readonly scheduleId?: string | undefined;
}

interface Running {
  readonly ending: AbortController;
  readonly done: Promise<void>;
}

/** How often what a run tells is remembered; in between it is only at hand. */
const rememberMs = 10_000;

/** Load tests: they wait in a queue, run, and leave their results. */
export class Tests {
  readonly #options: TestsOptions;
  readonly #book: TestBook;
  readonly #running = new Map<string, Running>();
  /** Requests that are being looked at, by their idempotency keys. */
  readonly #preparing = new Set<string>();
  #isClosing = false;

  private constructor(options: TestsOptions, book: TestBook) {
    this.#options = options;
    this.#book = book;
  }

  /** Takes up what was left: what was queued runs, and what was running was interrupted. */
  static async open(options: TestsOptions): Promise<Tests> {
    const folderOf = (id: string): string => join(options.folder, id);
    const { documents, limits } = options;
    let tests: Tests | undefined;
    const onChange = (record: TestRecord): void => {
      if (tests !== undefined) tests.#tell(record);
    };
    const book = await TestBook.open({ documents, folderOf, keptMax: limits.keptMax, onChange });
    tests = new Tests(options, book);
    for (const record of book.all()) {
      if (record.state === 'running' || record.state === 'cancelling') await tests.#markInterrupted(record);
    }
    tests.#startNext();
    return tests;
  }

  get counts(): { readonly queued: number; readonly running: number; readonly unremembered: number } {
    return { queued: this.#queue().length, running: this.#running.size, unremembered: this.#book.failures };
  }

  /**
   * Puts a test into the queue.
   *
   * @throws CONTROL_PLANE_SCENARIO_INVALID, CONTROL_PLANE_TARGET_REFUSED, CONTROL_PLANE_PRODUCTION, CONTROL_PLANE_TOO_MANY,
   *   CONTROL_PLANE_IDEMPOTENCY_REUSED, CONTROL_PLANE_STATE_CONFLICT while the same request is being looked at.
   */
  async start(order: TestOrder, orderer: Orderer): Promise<LoadTest> {
    const { keyId, idempotencyKey } = orderer;
    if (idempotencyKey === undefined) return this.#take(order, orderer);
    const asked = { keyId, key: idempotencyKey, fingerprint: fingerprintOf(order) };
    const earlier = earlierTest(this.#book.all(), asked, this.#options.clock.now());
    if (earlier !== undefined) return this.#view(earlier);
    const place = JSON.stringify([keyId, idempotencyKey]);
    if (this.#preparing.has(place))
      throw new Problem(
        'CONTROL_PLANE_STATE_CONFLICT',
        'A request with this `Idempotency-Key` is under way.',
      );
    this.#preparing.add(place);
    try {
      return await this.#take(order, orderer, asked);
    } finally {
      this.#preparing.delete(place);
    }
  }

  /** Looks at an order as `start` does, and starts nothing. */
  async assertRunnable(order: TestOrder): Promise<void> {
    const folder = this.#folderOf(this.#options.nextId());
    try {
      await this.#prepare(order, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  get(id: string): LoadTest {
    return this.#view(this.#require(id));
  }

  list(
    filter: HistoryFilter,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): { readonly items: readonly LoadTest[]; readonly nextCursor: string | undefined } {
    const { items, nextCursor } = pageOf(this.#book.all(), filter, page);
    return { items: items.map((record) => this.#view(record)), nextCursor };
  }

  /** Where a report is. */
  resultFile(id: string, format: ResultFormat): string {
    const record = this.#require(id);
    if (record.hasResults) return resultFileIn(this.#folderOf(id), format);
    const detail = isOver(record)
      ? `This test is ${record.state} and has left no results.`
      : `This test is ${record.state}; its results come when it is over.`;
    throw new Problem('CONTROL_PLANE_STATE_CONFLICT', detail);
  }

  /** Takes a test out of the queue, or ends it with what was measured until then. */
  async cancel(id: string): Promise<LoadTest> {
    const record = this.#require(id);
    if (isOver(record))
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `This test is ${record.state} already.`);
    if (record.state === 'queued')
      return this.#view(await this.#book.change(id, { state: 'cancelled', ...this.#endedNow() }));
    const changed = await this.#book.change(id, { state: 'cancelling' });
    this.#running.get(id)?.ending.abort();
    return this.#view(changed);
  }

  /** Ends what is running, as interrupted; what is queued stays so. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const { ending } of this.#running.values()) ending.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async #take(
    order: TestOrder,
    orderer: Orderer,
    idempotency?: TestRecord['idempotency'],
  ): Promise<LoadTest> {
    const { nextId, clock, limits } = this.#options;
    const { queuedMax } = limits;
    if (this.#isClosing) throw new Problem('CONTROL_PLANE_UNAVAILABLE', 'The control plane stops.');
    if (this.#queue().length >= queuedMax) throw tooMany(`${queuedMax} tests are queued already.`, 60);
    const id = nextId();
    const folder = this.#folderOf(id);
    try {
      const { name, target, choice } = await this.#prepare(order, folder);
      await this.#book.add({
        id,
        name,
        target,
        choice,
        state: 'queued',
        reasons: [],
        ...(order.profile === undefined ? {} : { profile: order.profile }),
        ...(orderer.scheduleId === undefined ? {} : { scheduleId: orderer.scheduleId }),
        ...(idempotency === undefined ? {} : { idempotency }),
        createdAt: new Date(clock.now()).toISOString(),
        startedBy: orderer.keyId,
        hasResults: false,
      });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    this.#startNext();
    return this.get(id);
  }

  async #prepare(order: TestOrder, folder: string): Promise<PreparedTest> {
    const { policy, limits } = this.#options;
    const prepared = await prepareTest(order, { folder, usersMax: limits.usersMax });
    assertMeant(prepared.target, order.production, policy);
    await judgeTarget(prepared.target, policy);
    return prepared;
  }

  #tell(record: TestRecord): void {
    this.#options.onChange?.(this.#view(record));
  }

  #startNext(): void {
    for (const record of this.#queue()) {
      if (this.#isClosing || this.#running.size >= this.#options.limits.runningMax) return;
      const ending = new AbortController();
      // Noted before anything is waited for, so that nobody starts it twice.
      const done = this.#run(record, ending).catch(this.#options.onFailure);
      this.#running.set(record.id, { ending, done });
    }
  }

  async #run({ id, target, choice }: TestRecord, ending: AbortController): Promise<void> {
    const { clock, runner, policy, limits } = this.#options;
    let limit: Timer | undefined;
    let because: string | undefined;
    try {
      await this.#book.change(id, { state: 'running', startedAt: this.#now() });
      // Again, and now for good: a name may have got another address while the test was queued.
      const judged = await judgeTarget(target, policy);
      limit = clock.setTimer(() => {
        because = `It was ended after ${formatDuration(limits.durationMsMax)}, the longest that a test may take here.`;
        ending.abort();
      }, limits.durationMsMax);
      const onProgress = this.#progressOf(id);
      await runner.run(
        { folder: this.#folderOf(id), choice, ...judged },
        { signal: ending.signal, onProgress },
      );
    } catch (error) {
      because ??= reasonFor(error);
      this.#options.onFailure(error);
    } finally {
      limit?.cancel();
    }
    await this.#conclude(id, because);
    this.#running.delete(id);
    this.#startNext();
  }

  /** Says how a run has ended, by the report that it has left. */
  async #conclude(id: string, because: string | undefined): Promise<void> {
    const verdict = await readVerdict(this.#folderOf(id));
    const wasCancelled = this.#require(id).state === 'cancelling';
    const endedEarly = verdict === undefined || verdict.status === 'interrupted';
    const found = [...(because === undefined ? [] : [because]), ...(verdict?.reasons ?? [])];
    const reasons = found.length > 0 || verdict !== undefined ? found : ['It has left no report.'];
    await this.#book.change(id, {
      state: this.#stateAfter({ wasCancelled, endedEarly, hasReport: verdict !== undefined }),
      reasons,
      hasResults: verdict !== undefined,
      ...(verdict === undefined ? {} : { verdict: verdict.status }),
      ...this.#endedNow(),
    });
  }

  #stateAfter(end: {
    readonly wasCancelled: boolean;
    readonly endedEarly: boolean;
    readonly hasReport: boolean;
  }): TestRecord['state'] {
    if (!end.endedEarly) return 'finished';
    if (end.wasCancelled) return 'cancelled';
    if (this.#isClosing) return 'interrupted';
    return end.hasReport ? 'interrupted' : 'failed';
  }

  /** What a run tells each second is at hand at once, and survives now and then. */
  #progressOf(id: string): (progress: LoadProgress) => void {
    let rememberedMs = this.#options.clock.monotonicMs();
    return (measured) => {
      const progress = progressView(measured);
      const nowMs = this.#options.clock.monotonicMs();
      if (nowMs - rememberedMs < rememberMs) {
        this.#book.changeAtHand(id, { progress });
        return;
      }
      rememberedMs = nowMs;
      void this.#book.change(id, { progress });
    };
  }

  /**
   * Of a run whose control plane was killed. Its process notices, and leaves a report of what was measured until then;
   * that may take until a moment after the restart.
   */
  async #markInterrupted({ id, reasons }: TestRecord): Promise<void> {
    const why = 'The control plane was restarted while it ran.';
    await this.#book.change(id, { state: 'interrupted', reasons: [...reasons, why], ...this.#endedNow() });
    const take = async (): Promise<boolean> => {
      const verdict = await readVerdict(this.#folderOf(id));
      if (verdict === undefined) return false;
      const state = verdict.status === 'interrupted' ? 'interrupted' : 'finished';
      await this.#book.change(id, { state, hasResults: true, verdict: verdict.status });
      return true;
    };
    if (!(await take())) void this.#takeLater(take).catch(this.#options.onFailure);
  }

  async #takeLater(take: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 20 && !this.#isClosing; turn++) {
      await sleep(this.#options.clock, 500);
      if (await take()) return;
    }
  }

  #queue(): readonly TestRecord[] {
    return this.#book.all().filter(({ id, state }) => state === 'queued' && !this.#running.has(id));
  }

  #view(record: TestRecord): LoadTest {
    const position =
      record.state === 'queued' ? this.#queue().findIndex(({ id }) => id === record.id) + 1 : 0;
    return viewOf(record, position);
  }

  #require(id: string): TestRecord {
    const record = this.#book.get(id);
    if (record === undefined) throw unknownThing('test');
    return record;
  }

  #folderOf(id: string): string {
    return join(this.#options.folder, id);
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #endedNow(): { readonly endedAt: string } {
    return { endedAt: this.#now() };
  }
}

function progressView(progress: LoadProgress): NonNullable<LoadTest['progress']> {
  const { latencyMsP50, latencyMsP95, ...counted } = progress;
  const { elapsedMs, durationMs } = progress;
  return {
    ...counted,
    completedRatio: durationMs > 0 ? Math.min(1, elapsedMs / durationMs) : 0,
    ...(latencyMsP50 === undefined ? {} : { latencyMsP50 }),
    ...(latencyMsP95 === undefined ? {} : { latencyMsP95 }),
  };
}

/** What whoever asks may read; the rest is in the log. */
function reasonFor(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (isLoadlineError(error)) return `The run could not be made (${error.code}).`;
  return 'The run could not be made; the log of the control plane says why.';
}
