import type { LoadProgress } from 'loadline/load';
import type { LoadTest } from '../contract/index.ts';

export type TestProgress = NonNullable<LoadTest['progress']>;

/** What a run tells of itself, as the API shows it. Pure. */
export function progressView(progress: LoadProgress): TestProgress {
  const { latencyMsP50, latencyMsP95, ...counted } = progress;
  const { elapsedMs, durationMs } = progress;
  return {
    ...counted,
    completedRatio: durationMs > 0 ? Math.min(1, elapsedMs / durationMs) : 0,
    ...(latencyMsP50 === undefined ? {} : { latencyMsP50 }),
    ...(latencyMsP95 === undefined ? {} : { latencyMsP95 }),
  };
}
