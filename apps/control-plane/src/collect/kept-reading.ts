import type { ReadFamily, ReadHistogram, Reading, ReadSeries } from './reading.ts';

/**
 * What of a reading the next one is compared with: no gauges, no labels, and histograms as their bytes. Of a thousand
 * instances the whole would take more memory than all the rest.
 */
export function keptOf(reading: Reading): Reading {
  const families = new Map<string, ReadFamily>();
  for (const [name, family] of reading.families)
    if (family.kind !== 'gauge') families.set(name, { ...family, series: keptSeries(family.series) });
  return { ...reading, families };
}

function keptSeries(series: ReadFamily['series']): ReadFamily['series'] {
  const kept = new Map<string, ReadSeries>();
  for (const [key, { value }] of series) kept.set(key, { labels: none, value: packed(value) });
  return kept;
}

function packed(value: number | ReadHistogram): number | ReadHistogram {
  if (typeof value === 'number' || value.form !== 'exact') return value;
  return { form: 'packed', bytes: value.histogram.encode(), scale: value.scale };
}

const none: Readonly<Record<string, string>> = Object.freeze({});
