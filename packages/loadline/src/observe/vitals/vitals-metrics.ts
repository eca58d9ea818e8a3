import type { Histogram, Labelled, Registry } from '../../metrics/index.ts';
import { type Beacon, clsScale, type VitalName, vitalNames, vitals } from './vitals.ts';

/** Pages whose values are kept apart; further ones are called `other`. */
const pagesMax = 200;

/** Adds what browsers tell, by page. */
export function observeVitals(registry: Registry): (page: string, beacon: Beacon) => void {
  const shape = { labels: ['page'], seriesMax: pagesMax } as const;
  const histograms = new Map<VitalName, Labelled<'page', Histogram>>(
    vitalNames.map((name) => [
      name,
      name === 'cls'
        ? registry.histogram({
            name: 'web_vitals_cls',
            help: vitals.cls.help,
            scale: clsScale,
            buckets: [0.01, 0.05, 0.1, 0.15, 0.25, 0.5, 1],
            ...shape,
          })
        : registry.histogram({
            name: `web_vitals_${name}_seconds`,
            help: vitals[name].help,
            buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 3, 4, 6, 10],
            ...shape,
          }),
    ]),
  );
  const ratings = registry.counter({
    name: 'web_speed_ratings_total',
    help: 'How fast people found a page, from 1, very slow, to 5, very fast.',
    labels: ['page', 'rating'],
    seriesMax: pagesMax * 5,
  });
  return (page, { values, rating }) => {
    for (const [name, value] of values) {
      histograms
        .get(name)
        ?.with({ page })
        .record(name === 'cls' ? value / clsScale : value * 1000);
    }
    if (rating !== undefined) ratings.with({ page, rating: String(rating) }).add();
  };
}
