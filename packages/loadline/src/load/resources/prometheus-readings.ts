import type { Scrape, ScrapedFamily, ScrapedSample } from '../../metrics/index.ts';
import type { Reading } from './resource.ts';

/**
 * Picks from a `/metrics` page what a load test is about, and whatever else was asked for by name: that gives a
 * series for each of its label sets. By its TYPE a gauge is shown as it is, a counter by its growth a second,
 * a histogram or a summary by how often a second and by its mean. Pure.
 */
export function readingsOf(scrape: Scrape, names: readonly string[]): Reading[] {
  const readings = new Map<string, Reading>();
  for (const pick of picks) {
    const family = findFamily(scrape, pick.from);
    const reading = family === undefined ? undefined : readPick(family, pick);
    // Where two picks have one name, the one that stands higher is the better.
    if (reading !== undefined && !readings.has(reading.name)) readings.set(reading.name, reading);
  }
  for (const name of names) {
    const family = findFamily(scrape, name);
    for (const reading of family === undefined ? [] : readAll(family)) readings.set(reading.name, reading);
  }
  return [...readings.values()];
}

/** Whether a family is of interest, so that the lines of all others need not be read. */
export function wantedFamilies(names: readonly string[]): (name: string) => boolean {
  const wanted = new Set([...picks.map(({ from }) => from), ...names].flatMap(spellings));
  return (name) => wanted.has(name);
}

export function findFamily({ families }: Scrape, name: string): ScrapedFamily | undefined {
  const found = spellings(name).find((spelling) => families.has(spelling));
  return found === undefined ? undefined : families.get(found);
}

/** OpenMetrics calls the family of `jobs_total` just `jobs`. */
function spellings(name: string): string[] {
  return [name, name.replace(/_total$/, '')];
}

interface Pick {
  readonly from: string;
  readonly name: string;
  readonly unit: string;
  /** Of a histogram or a summary; anything else has but its value. */
  readonly part?: 'mean' | 'count';
  /** Default 1. */
  readonly scale?: number;
  /** The one label that samples must have. */
  readonly only?: readonly [label: string, value: string];
}

/** What `loadline/observe`, prom-client and the official clients show by themselves, under one name for each thing. */
const picks: readonly Pick[] = [
  { from: 'process_cpu_seconds_total', name: 'cpu', unit: 'ratio' },
  { from: 'process_resident_memory_bytes', name: 'memory', unit: 'bytes' },
  { from: 'process_open_fds', name: 'open files', unit: 'count' },
  { from: 'nodejs_heap_bytes', name: 'heap', unit: 'bytes', only: ['state', 'used'] },
  { from: 'nodejs_heap_size_used_bytes', name: 'heap', unit: 'bytes' },
  { from: 'nodejs_eventloop_lag_mean_seconds', name: 'event loop lag', unit: 'ms', scale: 1000 },
  { from: 'nodejs_eventloop_lag_seconds', name: 'event loop lag', unit: 'ms', scale: 1000, part: 'mean' },
  { from: 'nodejs_eventloop_lag_seconds', name: 'event loop lag', unit: 'ms', scale: 1000 },
  { from: 'nodejs_eventloop_lag_p99_seconds', name: 'event loop lag p99', unit: 'ms', scale: 1000 },
  { from: 'nodejs_eventloop_active_seconds_total', name: 'event loop utilization', unit: 'ratio' },
  { from: 'http_requests_total', name: 'requests', unit: 'per second' },
  { from: 'http_request_duration_seconds', name: 'requests', unit: 'per second', part: 'count' },
  { from: 'http_request_duration_seconds', name: 'request duration', unit: 'ms', scale: 1000, part: 'mean' },
  { from: 'http_requests_in_flight', name: 'requests in flight', unit: 'count' },
];

/** The sum over all label sets; undefined where the family is not of the kind that the pick is for. */
function readPick(family: ScrapedFamily, { name, unit, part, scale = 1, only }: Pick): Reading | undefined {
  const samples =
    only === undefined
      ? family.samples
      : family.samples.filter(({ labels }) => labels.get(only[0]) === only[1]);
  const totals = totalsOf(samples);
  if (isDistribution(family) !== (part !== undefined)) return undefined;
  if (part === 'mean') return { name, unit, kind: 'counter', value: totals.sum * scale, per: totals.count };
  if (part === 'count') return { name, unit, kind: 'counter', value: totals.count };
  return { name, unit, kind: isCounter(family) ? 'counter' : 'gauge', value: totals.value * scale };
}

function readAll(family: ScrapedFamily): Reading[] {
  const unit = unitOf(family.name);
  const byLabels = Map.groupBy(family.samples, ({ labels }) => shownLabels(labels));
  return [...byLabels].flatMap(([labels, samples]): Reading[] => {
    const name = `${family.name}${labels}`;
    const { value, sum, count } = totalsOf(samples);
    if (isDistribution(family)) {
      return [
        { name: `${name} rate`, unit: 'per second', kind: 'counter', value: count },
        { name: `${name} mean`, unit, kind: 'counter', value: sum, per: count },
      ];
    }
    if (!isCounter(family)) return [{ name, unit, kind: 'gauge', value }];
    return [{ name, unit: growthUnits[unit] ?? 'per second', kind: 'counter', value }];
  });
}

interface Totals {
  readonly value: number;
  readonly sum: number;
  readonly count: number;
}

function totalsOf(samples: readonly ScrapedSample[]): Totals {
  const totals = { value: 0, sum: 0, count: 0 };
  for (const { name, value } of samples) {
    if (name.endsWith('_sum')) totals.sum += value;
    else if (name.endsWith('_count')) totals.count += value;
    else if (!name.endsWith('_created')) totals.value += value;
  }
  return totals;
}

function isDistribution({ kind }: ScrapedFamily): boolean {
  return kind === 'histogram' || kind === 'summary';
}

/** Without a TYPE line only the name can tell. */
function isCounter({ kind, name }: ScrapedFamily): boolean {
  return kind === 'counter' || (kind === 'unknown' && name.endsWith('_total'));
}

function unitOf(name: string): string {
  const word = /_(seconds|bytes|ratio)(?:_total)?$/.exec(name)?.[1] ?? 'count';
  return word === 'seconds' ? 's' : word;
}

/** Seconds a second are a ratio. */
const growthUnits: Readonly<Record<string, string>> = { s: 'ratio', bytes: 'bytes per second' };

/** `{queue="mail"}`, or nothing: without the labels that only tell a distribution's parts apart. */
function shownLabels(labels: ReadonlyMap<string, string>): string {
  const pairs = [...labels].filter(([label]) => label !== 'le' && label !== 'quantile');
  if (pairs.length === 0) return '';
  const text = pairs.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',');
  return `{${text.length > labelsLengthMax ? `${text.slice(0, labelsLengthMax - 1)}…` : text}}`;
}

const labelsLengthMax = 200;
