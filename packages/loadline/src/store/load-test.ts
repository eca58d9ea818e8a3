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

/** What is to be run. With an idempotency key, the same wish of the same caller leads to the same test. */
export interface TestWish extends Partial<RepeatableWish> {
  /** Cut after 100 characters. */
  readonly name: string;
  /** `load`, `stress`, `spike` …; cut after 50 characters. */
  readonly type: string;
  /** What is loaded; cut after 2,000 characters. */
  readonly target?: string;
  /** Whatever a runner needs to run it; at most 4 MiB of JSON. Only who claims it gets it back. */
  readonly plan: unknown;
  /** What else is to be seen of it in lists; at most 4 KiB of JSON. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  /** Default 100: further wishes are refused while as many wait. */
  readonly queuedMax?: number;
}

/** The test that has the key already: of the same wish, or (`key-taken`) of another one. */
export interface WishedBefore {
  readonly outcome: 'repeated' | 'key-taken';
  readonly test: LoadTest;
}

/** What became of a wish: a new test, one that has its key, or none, because so many are queued. */
export type EnqueueOutcome =
  | WishedBefore
  | { readonly outcome: 'queued'; readonly test: LoadTest }
  | { readonly outcome: 'full'; readonly queued: number };

/** What a request to cancel has led to, and the test as it stands then. */
export interface CancelOutcome {
  /** `cancelled`: it was queued; `asked`: its runner will end it; `over`: it had ended before. */
  readonly outcome: 'cancelled' | 'asked' | 'over';
  readonly test: LoadTest;
}

/** A test from its wish to its end. Its plan is for its runner alone (`ClaimedTest`), its report is read apart (`LoadTests.report`). */
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

/** How a runner ends its test. The figures outlast the test and its report. */
export interface TestEnd {
  readonly state: 'finished' | 'failed' | 'cancelled' | 'interrupted';
  readonly reason?: string;
  /** Cut after 20 characters. */
  readonly verdict?: string;
  /** JSON, kept letter by letter; at most 16 MiB. */
  readonly report?: string;
  readonly figures?: TestFigures;
}

/** Which tests; all that is given must hold. The time is from `fromMs` to before `toMs`. */
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
