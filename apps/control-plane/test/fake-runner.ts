import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadProgress, LoadReport } from 'loadline/load';
import { reportFixture } from '../../../packages/loadline/test/load/output/fixtures.ts';
import type { RunJob, Runner, RunOptions } from '../src/tests/index.ts';

type Status = LoadReport['verdict']['status'];

/** A run that ends when the test says so. */
export interface FakeRun {
  readonly job: RunJob;
  readonly signal: AbortSignal;
  progress(progress: Partial<LoadProgress>): void;
  /** Leaves a report with this verdict, and ends. */
  finish(status: Status): Promise<void>;
  /** Ends without a report. */
  die(because: string): void;
}

/** Makes no load. An abort ends a run as the real one would, with a report of what was measured until then. */
export class FakeRunner implements Runner {
  readonly runs: FakeRun[] = [];
  #waiting: ((run: FakeRun) => void)[] = [];

  run(job: RunJob, { signal, onProgress }: RunOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const finish = async (status: Status): Promise<void> => {
        if (isOver) return;
        isOver = true;
        leaveReport(job.folder, status);
        resolve();
      };
      const run: FakeRun = {
        job,
        signal,
        progress: (progress) => onProgress({ ...noProgress, ...progress }),
        finish,
        die: (because) => {
          isOver = true;
          reject(new Error(because));
        },
      };
      signal.addEventListener('abort', () => void finish('interrupted'));
      this.runs.push(run);
      for (const tell of this.#waiting.splice(0)) tell(run);
    });
  }

  /** The run of that number, from 0, as soon as there is one. */
  async begun(index: number): Promise<FakeRun> {
    while (this.runs.length <= index) await new Promise<FakeRun>((resolve) => this.#waiting.push(resolve));
    return this.runs[index] as FakeRun;
  }
}

/** At once, as the whole of it: nobody who stops or looks on the way finds half of it. */
export function leaveReport(folder: string, status: Status): void {
  const reasons = status === 'failed' ? ['p95 < 50ms, got 80 ms'] : [];
  const report = reportFixture({ name: 'fake', status, reasons, seconds: 2, endpoints: ['GET /'] });
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
}

const noProgress: LoadProgress = {
  elapsedMs: 0,
  durationMs: 10_000,
  users: 1,
  requests: 0,
  errors: 0,
  dropped: 0,
  ratePerSecond: 0,
  latencyMsP50: undefined,
  latencyMsP95: undefined,
};
