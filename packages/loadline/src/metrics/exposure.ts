import { metricsError } from './errors.ts';

/** How the whole numbers of a histogram are shown: in which unit, and in which cumulative buckets. */
export interface Exposure {
  /** One recorded unit in the exposed unit: 1e-6 where microseconds are shown as seconds. */
  readonly scale: number;
  /** Rising upper bounds in the exposed unit, without +Inf. */
  readonly buckets: readonly number[];
}

/** From 1 ms to 10 s, three bounds a power of ten. */
const durationBuckets: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const bucketsMax = 100;

/**
 * Completes and checks the options of a histogram. Where the name ends in `_seconds`, microseconds are
 * recorded and 13 buckets from 1 ms to 10 s are shown by default; otherwise the scale is 1 and buckets must
 * be given, at most 100.
 *
 * @throws LoadlineError METRICS_BUCKETS_INVALID
 */
export function exposureOf(name: string, options: Partial<Exposure>): Exposure {
  const isDuration = name.endsWith('_seconds');
  const scale = options.scale ?? (isDuration ? 1e-6 : 1);
  const buckets = options.buckets ?? (isDuration ? durationBuckets : []);
  const isRising = buckets.every(
    (bound, at) => bound > (buckets[at - 1] ?? 0) && bound < Number.POSITIVE_INFINITY,
  );
  if (
    scale > 0 &&
    scale < Number.POSITIVE_INFINITY &&
    isRising &&
    buckets.length > 0 &&
    buckets.length <= bucketsMax
  ) {
    return { scale, buckets: [...buckets] };
  }
  throw metricsError(
    'METRICS_BUCKETS_INVALID',
    `Cannot register histogram ${name}: it needs a scale above 0 and 1 to ${bucketsMax} rising buckets above 0, got scale ${scale} and buckets [${buckets.join(', ')}].`,
    { facts: { name, scale, buckets } },
  );
}

/** A recorded number in the exposed unit. Dividing by a whole number rounds once: 12345 is 0.012345. */
export function toExposed(recorded: number, scale: number): number {
  const inverse = wholeInverse(scale);
  return inverse === undefined ? recorded * scale : recorded / inverse;
}

/** The highest recorded whole number that an exposed bound includes. */
export function toRecorded(bound: number, scale: number): number {
  const inverse = wholeInverse(scale);
  const exact = inverse === undefined ? bound / scale : bound * inverse;
  const nearest = Math.round(exact);
  return Math.abs(exact - nearest) <= nearest * 1e-12 ? nearest : Math.floor(exact);
}

function wholeInverse(scale: number): number | undefined {
  const inverse = Math.round(1 / scale);
  return inverse > 0 && Math.abs(inverse * scale - 1) < 1e-12 ? inverse : undefined;
}
