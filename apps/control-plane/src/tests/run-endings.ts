import { join } from 'node:path';
import { isLoadlineError } from 'loadline/base';
import type { LoadTest, LoadTests, TestEnd } from 'loadline/store';
import { type LeftReport, readReport, removeFolder } from './run-files.ts';
import { withoutReport } from './test-end.ts';

export interface RunEndingsOptions {
  readonly tests: LoadTests;
  /** Has a folder for each run. */
  readonly folder: string;
  readonly limits: { readonly keptMax: number; readonly keptMs: number };
  readonly onFailure: (error: unknown) => void;
  readonly onChange: (test: LoadTest) => void;
}

/** Brings what a run has left in its folder into the store. */
export class RunEndings {
  readonly #options: RunEndingsOptions;

  constructor(options: RunEndingsOptions) {
    this.#options = options;
  }

  folderOf(id: string): string {
    return join(this.#options.folder, id);
  }

  /** What a disk gives back no more is as if it had not been left; the test has to end. */
  async readLeft(id: string): Promise<LeftReport | undefined> {
    try {
      return await readReport(this.folderOf(id));
    } catch (error) {
      this.#options.onFailure(error);
      return undefined;
    }
  }

  /** Ends a test; that it was over, or somebody else's, is no error. */
  async finish(id: string, runner: string, end: TestEnd): Promise<void> {
    const { tests, onChange } = this.#options;
    let test: LoadTest | undefined;
    try {
      test = await tests.finish(id, runner, end);
    } catch (error) {
      if (!isLoadlineError(error, 'STORE_TOO_LARGE')) throw error;
      test = await tests.finish(id, runner, withoutReport(end));
    }
    if (test !== undefined) onChange(test);
  }

  /** After the end. What stays behind goes at the next start, or with the next test. */
  async tidy(id: string): Promise<void> {
    const { tests, limits, onFailure } = this.#options;
    try {
      await removeFolder(this.folderOf(id));
      await tests.forget(limits);
    } catch (error) {
      onFailure(error);
    }
  }
}
