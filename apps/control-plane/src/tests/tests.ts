import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from 'loadline/base';
import type { LoadTest as KeptTest, LoadTests } from 'loadline/store';
import type { LoadTest, TestOrder } from '../contract/index.ts';
import type { NextId } from '../memory/index.ts';
import { Problem, tooMany, unknownThing } from '../problems/index.ts';
import { type PreparedTest, prepareTest } from './prepare-test.ts';
import type { Runner } from './runner.ts';
import { assertMeant, judgeTarget, type TargetPolicy } from './target-policy.ts';
import { type RunLimits, TestRuns } from './test-runs.ts';
import { filterOf, type HistoryFilter, viewOf } from './test-view.ts';

export interface TestsOptions {
  readonly tests: LoadTests;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly runner: Runner;
  /** Has a folder for each run that is under way. */
  readonly folder: string;
  readonly policy: TargetPolicy;
  readonly limits: TestLimits;
  /** Hears of what went wrong here, without being asked for. */
  readonly onFailure: (error: unknown) => void;
  /** Hears of each change that happens to a test here, progress among them. */
  readonly onChange?: (test: LoadTest) => void;
}

export interface TestLimits extends RunLimits {
  readonly queuedMax: number;
  /** Of one test, at once. */
  readonly usersMax: number;
}

/** Who wants a test. */
export interface Orderer {
  readonly keyId: string;
  readonly idempotencyKey?: string | undefined;
  readonly scheduleId?: string | undefined;
}

export interface HistoryPage {
  readonly items: readonly LoadTest[];
  readonly nextCursor: string | undefined;
}

/** Load tests: they wait in a queue, run, and leave their results. */
export class Tests {
  readonly #options: TestsOptions;
  readonly #runs: TestRuns;
  #isClosing = false;

  private constructor(options: TestsOptions, runs: TestRuns) {
    this.#options = options;
    this.#runs = runs;
  }

  /** Takes up what was left: what was queued runs, and what was running was interrupted. */
  static async open(options: TestsOptions): Promise<Tests> {
    const { nextId, onChange } = options;
    const runs = await TestRuns.open({
      ...options,
      runnerName: nextId(),
      onChange: (test, progress) => onChange?.(viewOf(test, progress)),
    });
    return new Tests(options, runs);
  }

  get counts(): TestRuns['counts'] {
    return this.#runs.counts;
  }

  /**
   * Puts a test into the queue.
   *
   * @throws CONTROL_PLANE_SCENARIO_INVALID, CONTROL_PLANE_TARGET_REFUSED, CONTROL_PLANE_PRODUCTION, CONTROL_PLANE_TOO_MANY,
   *   CONTROL_PLANE_IDEMPOTENCY_REUSED.
   */
  async start(order: TestOrder, orderer: Orderer): Promise<LoadTest> {
    const { tests } = this.#options;
    const repeatable = repeatableOf(order, orderer);
    // Who asks again gets the same test, also where it could not be ordered anew.
    const before = repeatable && (await tests.wishedBefore(repeatable));
    if (before !== undefined) return this.#sameAs(before);
    if (this.#isClosing) throw new Problem('CONTROL_PLANE_UNAVAILABLE', 'The control plane stops.');
    const { queuedMax } = this.#options.limits;
    const { work, ...prepared } = await this.#prepare(order);
    const outcome = await tests.enqueue({
      ...prepared,
      ...repeatable,
      plan: work,
      labels: labelsOf(order, orderer),
      requestedBy: orderer.keyId,
      queuedMax,
    });
    if (outcome.outcome === 'full') throw tooMany(`${queuedMax} tests are queued already.`, 60);
    if (outcome.outcome !== 'queued') return this.#sameAs(outcome);
    const test = viewOf(outcome.test);
    this.#options.onChange?.(test);
    this.#runs.look();
    return test;
  }

  /** Looks at an order as `start` does, and starts nothing. */
  async assertRunnable(order: TestOrder): Promise<void> {
    await this.#prepare(order);
  }

  async get(id: string): Promise<LoadTest> {
    return this.#view(await this.#require(id));
  }

  async list(
    filter: HistoryFilter,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<HistoryPage> {
    const page = { limit, ...(cursor === undefined ? {} : { after: cursor }) };
    const { items, next } = await this.#options.tests.list({ ...filterOf(filter), ...page });
    return { items: items.map((test) => this.#view(test)), nextCursor: next };
  }

  /** The report as it was written, in JSON. */
  async report(id: string): Promise<string> {
    const test = await this.#require(id);
    const report = test.hasReport ? await this.#options.tests.report(id) : undefined;
    if (report !== undefined) return report;
    const detail =
      test.finishedAtMs === undefined
        ? `This test is ${test.state}; its results come when it is over.`
        : `This test is ${test.state} and has left no results.`;
    throw new Problem('CONTROL_PLANE_STATE_CONFLICT', detail);
  }

  /** Takes a test out of the queue, or ends it with what was measured until then. */
  async cancel(id: string): Promise<LoadTest> {
    const cancelled = await this.#options.tests.cancel(id);
    if (cancelled === undefined) throw unknownThing('test');
    const { outcome, test } = cancelled;
    if (outcome === 'over')
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `This test is ${test.state} already.`);
    // What runs here says so itself.
    if (outcome === 'cancelled') this.#options.onChange?.(viewOf(test));
    this.#runs.cancel(id);
    return this.#view(test);
  }

  /** Ends what is running, as interrupted; what is queued stays so. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#runs.close();
  }

  async #prepare(order: TestOrder): Promise<PreparedTest> {
    const { policy, limits, nextId, folder } = this.#options;
    const draft = join(folder, nextId());
    const prepared = await prepareTest(order, { folder: draft, limits });
    assertMeant(prepared.target, order.production, policy);
    await judgeTarget(prepared.target, policy);
    return prepared;
  }

  #sameAs({
    outcome,
    test,
  }: {
    readonly outcome: 'repeated' | 'key-taken';
    readonly test: KeptTest;
  }): LoadTest {
    if (outcome === 'repeated') return this.#view(test);
    throw new Problem(
      'CONTROL_PLANE_IDEMPOTENCY_REUSED',
      'This `Idempotency-Key` was used within a day for another request; take a new one.',
    );
  }

  #view(test: KeptTest): LoadTest {
    return viewOf(test, this.#runs.progressOf(test.id));
  }

  async #require(id: string): Promise<KeptTest> {
    const test = await this.#options.tests.get(id);
    if (test === undefined) throw unknownThing('test');
    return test;
  }
}

interface Repeatable {
  readonly requestedBy: string;
  readonly idempotencyKey: string;
  readonly fingerprint: string;
}

function repeatableOf(order: TestOrder, { keyId, idempotencyKey }: Orderer): Repeatable | undefined {
  if (idempotencyKey === undefined) return undefined;
  const fingerprint = createHash('sha256').update(JSON.stringify(order)).digest('base64url');
  return { requestedBy: keyId, idempotencyKey, fingerprint };
}

function labelsOf({ profile }: TestOrder, { scheduleId }: Orderer): Readonly<Record<string, string>> {
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(scheduleId === undefined ? {} : { scheduleId }),
  };
}
