import { judgeLeak, type LeakVerdict } from 'loadline/advice';
import type { Clock } from 'loadline/base';
import type { Store } from 'loadline/store';

/** How the heap of the instance of a service stands that grows most. */
export type LeaksSeen = (service: string) => Promise<LeakVerdict | undefined>;

/** Long enough that the hours of a morning are told from a leak, and short enough to find one before it ends a process. */
const windowMs = 6 * 3_600_000;
/** The least of each step is what was there after a full collection. */
const stepMs = 15 * 60_000;
/** A verdict over hours is not another one a minute later, and costs more to read than all else. */
const freshMs = 5 * 60_000;
const servicesMax = 1000;

export function watchLeaks(metrics: Store['metrics'], clock: Clock): LeaksSeen {
  const known = new Map<
    string,
    { readonly atMs: number; readonly verdict: Promise<LeakVerdict | undefined> }
  >();

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
    const verdicts = lines.flatMap(
      ({ points }) => judgeLeak(points.map(({ atMs, min }) => ({ atMs, bytes: min }))) ?? [],
    );
    return verdicts.toSorted(
      (a, b) => Number(b.isLeak) - Number(a.isLeak) || b.growthBytesPerSecond - a.growthBytesPerSecond,
    )[0];
  }

  return (service) => {
    const atMs = clock.monotonicMs();
    const last = known.get(service);
    if (last !== undefined && atMs - last.atMs < freshMs) return last.verdict;
    // Forgotten all at once: names come from strangers.
    if (known.size >= servicesMax) known.clear();
    const verdict = read(service);
    known.set(service, { atMs, verdict });
    verdict.catch(() => known.delete(service));
    return verdict;
  };
}
