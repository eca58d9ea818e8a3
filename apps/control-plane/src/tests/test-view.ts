import type { LoadTest as KeptTest, TestFilter } from 'loadline/store';
import { type LoadTest, timeOf, timesOf } from '../contract/index.ts';

/** Which tests are asked for. */
export interface HistoryFilter {
  readonly state?: LoadTest['state'] | undefined;
  readonly verdict?: LoadTest['verdict'] | undefined;
  readonly name?: string | undefined;
  readonly target?: string | undefined;
  /** ISO 8601; from this time on. */
  readonly from?: string | undefined;
  /** ISO 8601; before this time. */
  readonly to?: string | undefined;
}

/** What a test is asked for besides its scenario, to be shown. */
export type TestLabels = Pick<LoadTest, 'profile' | 'scheduleId'>;

/** As the API shows it, with what is known of it here since it was written down. Pure. */
export function viewOf(kept: KeptTest, progressAtHand?: LoadTest['progress']): LoadTest {
  const { profile, scheduleId } = kept.labels as TestLabels;
  const progress = progressAtHand ?? (kept.progress as LoadTest['progress']);
  return {
    id: kept.id,
    name: kept.name,
    state: kept.state,
    target: kept.target ?? '',
    reasons: kept.reason?.split('\n') ?? [],
    hasResults: kept.hasReport,
    startedBy: kept.requestedBy,
    createdAt: timeOf(kept.createdAtMs),
    ...(profile === undefined ? {} : { profile }),
    ...(scheduleId === undefined ? {} : { scheduleId }),
    ...(kept.verdict === undefined ? {} : { verdict: kept.verdict as NonNullable<LoadTest['verdict']> }),
    ...(kept.startedAtMs === undefined ? {} : { startedAt: timeOf(kept.startedAtMs) }),
    ...(kept.finishedAtMs === undefined ? {} : { endedAt: timeOf(kept.finishedAtMs) }),
    ...(kept.position === undefined ? {} : { positionInQueue: kept.position }),
    ...(progress === undefined ? {} : { progress }),
  };
}

/** As the store is asked. Pure. */
export function filterOf({ state, verdict, name, target, from, to }: HistoryFilter): TestFilter {
  return {
    ...(state === undefined ? {} : { state }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(name === undefined ? {} : { name }),
    ...(target === undefined ? {} : { target }),
    ...timesOf({ from, to }),
  };
}
