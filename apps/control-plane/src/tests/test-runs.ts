import { type Clock, formatDuration, isLoadlineError, sleep, type Timer } from 'loadline/base';
import type { ClaimedTest, LoadTest, LoadTests } from 'loadline/store';
import { Problem } from '../problems/index.ts';
import { takeUpLeft } from './left-runs.ts';
import type { TestWork } from './prepare-test.ts';
import { progressView, type TestProgress } from './progress-view.ts';
import { RunEndings } from './run-endings.ts';
import { writeScenario } from './run-files.ts';
import type { Runner } from './runner.ts';
import { judgeTarget, type TargetPolicy } from './target-policy.ts';
import { endOf } from './test-end.ts';

export interface TestRunsOptions {
  readonly tests: LoadTests;
  readonly clock: Clock;
  readonly runner: Runner;
  /** How this process is called among all that share the queue; another each time. */
  readonly runnerName: string;
  /** Has a folder for each run that is under way here. Nobody else runs anything in it. */
  readonly folder: string;
  readonly policy: TargetPolicy;
  readonly limits: RunLimits;
  /** Hears of what went wrong here, without being asked for. */
  readonly onFailure: (error: unknown) => void;
  /** Hears of each change that happens here, progress among them. */
  readonly onChange: (test: LoadTest, progress?: TestProgress) => void;
}

export interface RunLimits {
  /** At once, in all processes together; a second one on the same machine takes from the first what it measures with. */
  readonly runningMax: number;
  /** Longer ones are refused, and ended where they take longer than was planned. */
  readonly durationMsMax: number;
  /** Kept, the oldest that are over go first. */
  readonly keptMax: number;
  /** For so long at most. */
  readonly keptMs: number;
}

interface Run {
  test: LoadTest;
  readonly ending: AbortController;
  wasCancelled: boolean;
  progress: TestProgress | undefined;
  done: Promise<void>;
}

/** How often it is told how far a run is, and looked whether there is one to begin. */
const beatMs = 2000;

/** Fifteen beats: nobody misses so many who is alive and has the database. */
const silentMs = 30_000;

/** A run has to begin, and to end what is under way, besides its load. */
const slackMs = 5 * 60_000;

/** A stop does not wait longer for a database that is away; the report stays in its folder, for the next start. */
const lastTriesMax = 3;

/** Takes tests off the queue that all control planes of a database share, runs them, and ends them with their reports. */
export class TestRuns {
  readonly #options: TestRunsOptions;
  readonly #endings: RunEndings;
  readonly #runs = new Map<string, Run>();
  #waiting: { readonly queued: number; readonly running: number } = { queued: 0, running: 0 };
  #claiming: Promise<void> = Promise.resolve();
  #beating: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #unremembered = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #isClosing = false;

  private constructor(options: TestRunsOptions) {
    this.#options = options;
    this.#endings = new RunEndings(options);
  }

  /** Ends what an earlier process was interrupted in, and begins. */
  static async open(options: TestRunsOptions): Promise<TestRuns> {
    const runs = new TestRuns(options);
    await takeUpLeft({ ...options, endings: runs.#endings, isClosing: () => runs.#isClosing });
    await runs.#interruptSilent();
    await options.tests.forget(options.limits);
    runs.#waiting = await options.tests.counts();
    runs.look();
    runs.#waitForBeat();
    return runs;
  }

  /** Of all processes, as of the last beat; and how often this one could not write down what it knew. */
  get counts(): { readonly queued: number; readonly running: number; readonly unremembered: number } {
    return { ...this.#waiting, unremembered: this.#unremembered };
  }

  /** What a run here has told since it was written down. */
  progressOf(id: string): TestProgress | undefined {
    return this.#runs.get(id)?.progress;
  }

  /** There may be something to begin. */
  look(): void {
    this.#claiming = this.#claiming.then(() => this.#claim()).catch((error) => this.#missed(error));
  }

  /** Ends a run, if it is here. */
  cancel(id: string): void {
    const run = this.#runs.get(id);
    if (run !== undefined) this.#endCancelled(run);
  }

  /** Ends what runs here, as interrupted; what is queued stays so. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#timer?.cancel();
    await this.#claiming;
    for (const { ending } of this.#runs.values()) ending.abort();
    await Promise.all([...this.#runs.values()].map(({ done }) => done));
    await this.#beating;
  }

  async #claim(): Promise<void> {
    const { tests, runnerName, limits } = this.#options;
    while (!this.#isClosing && this.#runs.size < limits.runningMax) {
      const test = await tests.claim({ runner: runnerName, runningMax: limits.runningMax });
      if (test === undefined) return;
      const run = {
        test,
        ending: new AbortController(),
        wasCancelled: false,
        progress: undefined,
        done: Promise.resolve(),
      };
      this.#runs.set(test.id, run);
      this.#options.onChange(test);
      run.done = this.#run(test, run).catch(this.#options.onFailure);
    }
  }

  async #run(test: ClaimedTest, run: Run): Promise<void> {
    const { id } = test;
    try {
      await this.#conclude(test, run, await this.#makeLoad(test, run));
    } finally {
      this.#runs.delete(id);
      this.look();
    }
  }

  /** Why it did not run to its end; undefined where it did, or where its report says so. */
  async #makeLoad({ id, target, plan }: ClaimedTest, run: Run): Promise<string | undefined> {
    const { clock, runner, policy, limits, onFailure } = this.#options;
    const { scenario, choice } = plan as TestWork;
    const folder = this.#endings.folderOf(id);
    let because: string | undefined;
    const limit = clock.setTimer(() => {
      because = `It was ended after ${formatDuration(limits.durationMsMax)}, the longest that a test may take here.`;
      run.ending.abort();
    }, limits.durationMsMax + slackMs);
    try {
      await writeScenario(folder, scenario);
      // Again, and now for good: a name may have got another address while the test was queued.
      const judged = await judgeTarget(target ?? '', policy);
      // It may have been cancelled meanwhile, before there was anything to measure.
      if (run.ending.signal.aborted) return undefined;
      await runner.run(
        { folder, choice, ...judged },
        {
          signal: run.ending.signal,
          onProgress: (progress) => {
            run.progress = progressView(progress);
            this.#options.onChange(run.test, run.progress);
          },
        },
      );
    } catch (error) {
      because ??= reasonFor(error);
      onFailure(error);
    } finally {
      limit.cancel();
    }
    return because;
  }

  /** Ends a test by what its run has left, however often that has to be tried. */
  async #conclude(test: LoadTest, run: Run, because: string | undefined): Promise<void> {
    const { tests, clock, runnerName } = this.#options;
    const { id } = test;
    const left = await this.#endings.readLeft(id);
    for (let tries = 1; ; tries++) {
      try {
        // Somebody may have cancelled it at another control plane.
        const state = await tests.advance(id, runnerName, run.progress);
        const wasCancelled = run.wasCancelled || state === 'cancelling';
        const end = endOf(test, { left, because, wasCancelled, wasStopped: this.#isClosing });
        await this.#endings.finish(id, runnerName, end);
        break;
      } catch (error) {
        this.#missed(error);
        if (this.#isClosing && tries >= lastTriesMax) return;
        await sleep(clock, beatMs);
      }
    }
    await this.#endings.tidy(id);
  }

  #waitForBeat(): void {
    if (this.#isClosing) return;
    this.#timer = this.#options.clock.setTimer(() => {
      this.#beating = this.#beat()
        .catch((error) => this.#missed(error))
        .finally(() => this.#waitForBeat());
    }, beatMs);
  }

  async #beat(): Promise<void> {
    const { tests, clock } = this.#options;
    await Promise.all([...this.#runs].map(([id, run]) => this.#tell(id, run)));
    // After the database was away, everybody has to have had the time to tell something.
    if (clock.monotonicMs() - this.#failedAtMs > silentMs) await this.#interruptSilent();
    this.look();
    await this.#claiming;
    this.#waiting = await tests.counts();
  }

  async #tell(id: string, run: Run): Promise<void> {
    const state = await this.#options.tests.advance(id, this.#options.runnerName, run.progress);
    if (state === 'cancelling') this.#endCancelled(run);
    // Taken for dead: somebody else may be running the next by now.
    else if (state === undefined) run.ending.abort();
  }

  #endCancelled(run: Run): void {
    if (run.wasCancelled) return;
    run.wasCancelled = true;
    run.test = { ...run.test, state: 'cancelling' };
    run.ending.abort();
    this.#options.onChange(run.test, run.progress);
  }

  async #interruptSilent(): Promise<void> {
    const { tests, onChange } = this.#options;
    for (const test of await tests.interruptSilent(silentMs)) onChange(test);
  }

  /** It is tried again at the next beat; told once for each time that the database was away. */
  #missed(error: unknown): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#unremembered++;
    if (nowMs - this.#failedAtMs > 2 * beatMs) this.#options.onFailure(error);
    this.#failedAtMs = nowMs;
  }
}

/** What whoever asks may read; the rest is in the log. */
function reasonFor(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (isLoadlineError(error)) return `The run could not be made (${error.code}).`;
  return 'The run could not be made; the log of the control plane says why.';
}
