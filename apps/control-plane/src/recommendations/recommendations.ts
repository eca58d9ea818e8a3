import { advise, reviewLoadTest, reviewProfile, reviewService } from 'loadline/advice';
import { type Clock, isLoadlineError } from 'loadline/base';
import { reviewDatabase } from 'loadline/database';
import type { Registry, Review } from 'loadline/metrics';
import type { Store } from 'loadline/store';
import type { RecommendationList } from '../contract/index.ts';
import { watchLeaks } from './leaks-seen.ts';
import { type KeptProfiles, latestProfiles, readProfile } from './profiles-seen.ts';
import { adviceViewOf } from './recommendation-views.ts';
import { readServices } from './services-seen.ts';
import { type KeptTests, type KnownInstance, latestTests, readTest } from './tests-seen.ts';
import type { WatchedDatabase } from './watched-database.ts';

/** Says what to do about everything that is known. */
export interface Recommendations {
  now(): Promise<RecommendationList>;
  /** Closes the connections to databases. */
  close(): Promise<void>;
}

export interface RecommendationsOptions {
  readonly clock: Clock;
  readonly metrics: Store['metrics'];
  readonly profiles: KeptProfiles;
  readonly tests: KeptTests;
  readonly instances: () => Promise<readonly KnownInstance[]>;
  readonly databases: readonly WatchedDatabase[];
  readonly registry: Registry;
}

const metricsMs = 5 * 60_000;
const profilesMs = 86_400_000;
const testsMs = 7 * 86_400_000;

export function createRecommendations(options: RecommendationsOptions): Recommendations {
  const { clock, metrics, profiles, tests, instances, databases, registry } = options;
  const leaks = watchLeaks(metrics, clock);

  async function review(): Promise<readonly Review[]> {
    const nowMs = clock.now();
    const window = { fromMs: nowMs - metricsMs, toMs: nowMs };
    const known = await instances();
    const services = await readServices(metrics, window, { watched: known, leaks });
    const recent = await latestTests(tests, nowMs - testsMs);
    const others = await Promise.all([
      ...latestProfiles(profiles, nowMs - profilesMs).map((session) =>
        orUnseen(`the CPU profile ${session.id} of ${session.instance}`, async () =>
          reviewProfile(await readProfile(profiles, session)),
        ),
      ),
      ...recent.map((test) =>
        orUnseen(`the load test ${test.name}, ${test.id}`, async () =>
          reviewLoadTest(await readTest(tests, test, known)),
        ),
      ),
      ...databases.map((database) =>
        orUnseen(database.component, async () => reviewDatabase(await database.look())),
      ),
    ]);
    return [...services.map(reviewService), ...others];
  }

  const duration = registry.histogram({
    name: 'loadline_recommendations_duration_seconds',
    help: 'How long it took to review everything that is known.',
  });
  const unread = registry.counter({
    name: 'loadline_recommendations_unseen_total',
    help: 'What could not be seen or was not measured, in all reviews together.',
  });

  return {
    async now() {
      const startMs = clock.monotonicMs();
      const advice = advise(await review());
      duration.record((clock.monotonicMs() - startMs) * 1000);
      unread.add(advice.unseen.length);
      return adviceViewOf(advice, clock.now());
    },
    close: async () => void (await Promise.all(databases.map((database) => database.close()))),
  };
}

/** What cannot be read, such as a database that gives no answer, holds nobody else up, and is not called healthy. */
async function orUnseen(subject: string, review: () => Promise<Review>): Promise<Review> {
  try {
    return await review();
  } catch (error) {
    const because = isLoadlineError(error) ? error.code : 'it is not what was expected there';
    return { subject, findings: [], unseen: [`${subject}: could not be read (${because})`] };
  }
}
