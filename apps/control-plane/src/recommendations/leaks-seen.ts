import { judgeLeak, type LeakVerdict } from 'loadline/advice';
import type { Clock } from 'loadline/base';
import type { Store } from 'loadline/store';
import { SharedAnswers } from '../sharing/index.ts';

/** How the heap of the instance of a service stands that grows most. */
export type LeaksSeen = (service: string) => Promise<LeakVerdict | undefined>;

/** Short enough to find a leak before it ends the process, and long enough that it is more than a busy hour. */
const windowMs = 6 * 3_600_000;
/** The least of each step is what was there after a full collection. */
const stepMs = 15 * 60_000;
/** A verdict over hours is not another one a minute later, and costs more to read than all else. */
const freshMs = 5 * 60_000;
const answersMax = 1000;

export function watchLeaks(metrics: Store['metrics'], clock: Clock): LeaksSeen {
  const verdicts = new SharedAnswers<LeakVerdict | undefined>({ clock, keptMs: freshMs, answersMax });

  async function read(service: string): Promise<LeakVerdict | undefined> {
    const toMs = clock.now();
    const { lines } = await metrics.series({
      metric: 'heap_after_collection_bytes',
      unit: 'bytes',
      service,
      by: 'instance',
      fromMs: toMs - windowMs,
      toMs,
      stepMs,
    });
    const found = lines.flatMap(
      ({ points }) => judgeLeak(points.map(({ atMs, min }) => ({ atMs, bytes: min }))) ?? [],
    );
    return found.toSorted(
      (a, b) => Number(b.isLeak) - Number(a.isLeak) || b.growthBytesPerSecond - a.growthBytesPerSecond,
    )[0];
  }

  return (service) => verdicts.get(service, () => read(service));
}
