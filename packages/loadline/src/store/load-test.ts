import type { PageRequest } from './page.ts';
import type { TestFigures } from './test-results.ts';

/** Where a test stands; `LoadTests` shows the ways between. */
export type TestState =
  | 'queued'
  | 'running'
  | 'cancelling'
  | 'finished'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

/** A wish that may come twice. */
export interface RepeatableWish {
  readonly requestedBy: string;
  /** The same wish sent twice is one test. */
  readonly idempotencyKey: string;
  /** A hash of the wish, to tell a repetition from another wish under the same key. */
  readonly fingerprint: string;
  /** For how long a key stands for its first wish. Default 24 hours. */
  readonly keyKeptMs?: number;
}

export interface TestWish extends Partial<RepeatableWish> {
  /** At most 100 characters; longer ones are cut. */
  readonly name: string;
  /** `load`, `stress`, `spike` …; at most 50 characters. */
  readonly type: string;
  /** What is loaded; at most 2,000 characters. */
  readonly target?: string;
  /** Whatever a runner needs to run it; at most 4 MiB of JSON. Only who claims it gets it back. */
  readonly plan: unknown;
  /** What else is to be seen of it in lists; at most 4 KiB of JSON. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  /** Default 100: further wishes are refused while as many wait. */
  readonly queuedMax?: number;
}

export interface WishedBefore {
  readonly outcome: 'repeated' | 'key-taken';
  readonly test: LoadTest;
}

export type EnqueueOutcome =
  | WishedBefore
  | { readonly outcome: 'queued'; readonly test: LoadTest }
  | { readonly outcome: 'full'; readonly queued: number };

export interface CancelOutcome {
  /** `cancelled`: it was queued; `asked`: its runner will end it; `over`: it had ended before. */
  readonly outcome: 'cancelled' | 'asked' | 'over';
  readonly test: LoadTest;
}

export interface LoadTest {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly target: string | undefined;
  readonly state: TestState;
  readonly labels: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  readonly runner: string | undefined;
  /** From 1, while it is queued. */
  readonly position: number | undefined;
  /** What the runner told last; after the end, what was measured until then. */
  readonly progress: unknown;
  /** How what was measured is judged, where it was. */
  readonly verdict: string | undefined;
  /** Why it ended as it did, where that needs words. */
  readonly reason: string | undefined;
  readonly hasReport: boolean;
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
}

/** A test for the one that runs it. */
export interface ClaimedTest extends LoadTest {
  readonly plan: unknown;
}

export interface TestEnd {
  readonly state: 'finished' | 'failed' | 'cancelled' | 'interrupted';
  readonly reason?: string;
  /** At most 20 characters. */
  readonly verdict?: string;
  /** JSON, kept letter by letter; at most 16 MiB. */
  readonly report?: string;
  readonly figures?: TestFigures;
}

export interface TestFilter extends PageRequest {
  readonly state?: TestState;
  readonly name?: string;
  readonly type?: string;
  readonly target?: string;
  readonly verdict?: string;
  /** By when it was wished for. */
  readonly fromMs?: number;
  readonly toMs?: number;
}
