import type { Clock } from 'loadline/base';
import { Histogram } from 'loadline/metrics';
import {
  type Document,
  type Latest,
  type Point,
  type Sample,
  type ScalingEvent,
  type Series,
  type SeriesQuery,
  type Summary,
  scaleOf,
} from 'loadline/store';
import type { ControlStore } from '../src/world.ts';
import { createMemoryLoadTests, type MemoryLoadTests } from './memory-load-tests.ts';

/**
 * A store within this process, so that routes are tested in virtual time. It answers from raw samples alone, as the
 * real one does for steps below a minute; whatever needs more is tested with PostgreSQL.
 */
export interface MemoryStore extends ControlStore {
  /** Everything that was written, in order. */
  readonly samples: readonly Sample[];
}

export function createMemoryStore(clock: Clock): MemoryStore & { readonly tests: MemoryLoadTests } {
  const samples: Sample[] = [];
  const events: ScalingEvent[] = [];
  const documents = new Map<string, Document>();
  const resources: Parameters<ControlStore['readings']['writeResources']>[0][number][] = [];
  const caches: Parameters<ControlStore['readings']['writeCaches']>[0][number][] = [];
  return {
    samples,
    tests: createMemoryLoadTests(clock),
    metrics: {
      async write(batch) {
        samples.push(...batch);
        return { state: 'committed', accepted: batch.length, refused: 0, problems: [] };
      },
      async series(query) {
        const found = samples.filter((sample) => isAsked(sample, query));
        const nameOf = ({ series }: Sample): string =>
          query.by === undefined ? '' : (series[query.by] ?? '');
        const lines = [...Map.groupBy(found, nameOf)].toSorted(([a], [b]) => (a < b ? -1 : 1));
        return {
          level: 'raw',
          stepMs: query.stepMs,
          unit: found[0]?.series.unit,
          lines: lines.map(([name, own]) => ({
            name,
            points: query.combine === 'sum' ? sumsOf(own, query) : pointsOf(own, query),
          })),
        };
      },
      chart(window, figures) {
        return Promise.all(figures.map((figure) => this.series({ ...window, ...figure })));
      },
      async latest({ sinceMs, ...where }) {
        const latest = new Map<string, Latest>();
        for (const { series, atMs, value } of samples) {
          const key = JSON.stringify([
            series.metric,
            series.service,
            series.instance,
            series.endpoint,
            series.labels,
          ]);
          if (atMs < sinceMs || !fits(series, where) || (latest.get(key)?.atMs ?? 0) > atMs) continue;
          latest.set(key, { series, atMs, value: plainValue(value, series.unit) });
        }
        return [...latest.values()];
      },
      async summaries({ metrics, service, fromMs, toMs }) {
        const found = samples.filter(
          ({ series, atMs }) =>
            metrics.includes(series.metric) && fits(series, { service }) && atMs >= fromMs && atMs < toMs,
        );
        return [...Map.groupBy(found, ({ series }) => JSON.stringify(series)).values()].map(summaryOf);
      },
      async names({ service, prefix = '', limit, after = '' }) {
        const found = samples.filter(
          ({ series }) =>
            fits(series, { service }) && series.metric.startsWith(prefix) && series.metric > after,
        );
        return [...Map.groupBy(found, ({ series }) => series.metric)]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit)
          .map(([metric, own]) => ({
            metric,
            units: [...new Set(own.map(({ series }) => series.unit))].toSorted(),
            services: [...new Set(own.map(({ series }) => series.service))].toSorted(),
          }));
      },
    },
    readings: {
      writeResources: async (readings) => void resources.push(...readings),
      writeCaches: async (readings) => void caches.push(...readings),
      latestResources: async (sinceMs) => resources.filter(({ atMs }) => atMs >= sinceMs),
      latestCaches: async (sinceMs) => caches.filter(({ atMs }) => atMs >= sinceMs),
    },
    scalingEvents: {
      async append(draft) {
        const event = { ...draft, id: String(events.length + 1), atMs: draft.atMs ?? clock.now() };
        events.push(event);
        return event;
      },
      async appendOnce(event) {
        const kept = events.find(({ id, atMs }) => id === event.id && atMs === event.atMs);
        if (kept === undefined) events.push(event);
        return kept ?? event;
      },
      async list({
        scalingGroup,
        scalingAction,
        fromMs = 0,
        toMs = Number.POSITIVE_INFINITY,
        detail = {},
        limit = 50,
        after,
      } = {}) {
        const found = events
          .filter(
            (event) =>
              (scalingGroup === undefined || event.scalingGroup === scalingGroup) &&
              (scalingAction === undefined || event.scalingAction === scalingAction) &&
              event.atMs >= fromMs &&
              event.atMs < toMs &&
              Object.entries(detail).every(
                ([key, value]) => (event.detail as Record<string, unknown>)[key] === value,
              ) &&
              (after === undefined || events.indexOf(event) < Number(after)),
          )
          .toReversed();
        return {
          items: found.slice(0, limit),
          next: found.length > limit ? String(events.indexOf(found[limit - 1] as ScalingEvent)) : undefined,
        };
      },
    },
    documents: {
      get: async (kind, id) => documents.get(`${kind}/${id}`),
      async put(kind, id, body, { ifVersion } = {}) {
        const found = documents.get(`${kind}/${id}`);
        if (ifVersion !== undefined && ifVersion !== (found?.version ?? 0))
          return { outcome: 'conflict', found };
        const document: Document = {
          kind,
          id,
          body: JSON.parse(JSON.stringify(body)),
          version: (found?.version ?? 0) + 1,
          createdAtMs: found?.createdAtMs ?? clock.now(),
          updatedAtMs: clock.now(),
        };
        documents.set(`${kind}/${id}`, document);
        return { outcome: 'stored', document };
      },
      remove: async (kind, id) => documents.delete(`${kind}/${id}`),
      async change(changes) {
        for (const { kind, id, body } of changes) {
          if (body === undefined) documents.delete(`${kind}/${id}`);
          else await this.put(kind, id, body);
        }
      },
      async list(kind, { limit = 1000, after = '', before = '\u{10FFFF}', isDescending = false } = {}) {
        const found = [...documents.values()]
          .filter((document) => document.kind === kind && document.id > after && document.id < before)
          .toSorted((a, b) => (a.id < b.id ? -1 : 1));
        return (isDescending ? found.toReversed() : found).slice(0, limit);
      },
      async trim(kind, prefix, { below, keep }) {
        const ids = [...documents.values()].filter((each) => each.kind === kind).map(({ id }) => id);
        const own = ids.filter((id) => id.startsWith(prefix)).toSorted();
        const excess = own.filter((id, at) => id < below || at < own.length - keep);
        for (const id of excess) documents.delete(`${kind}/${id}`);
        return excess.length;
      },
    },
    leases: createMemoryLeases(clock),
    counts: {
      committed: 0,
      refused: 0,
      dropped: 0,
      late: 0,
      waiting: 0,
      waitingBytes: 0,
      retries: 0,
      isAway: false,
      rolledUp: 0,
      recovered: 0,
      prunedSeries: 0,
      upkeepFailures: 0,
    },
  };
}

function createMemoryLeases(clock: Clock): ControlStore['leases'] {
  const held = new Map<string, { readonly holder: string; readonly untilMs: number }>();
  return {
    async take(name, { holder, forMs }) {
      const found = held.get(name);
      const isFree = found === undefined || found.holder === holder || found.untilMs < clock.now();
      if (isFree) held.set(name, { holder, untilMs: clock.now() + forMs });
      return { isHeld: isFree, holder: held.get(name)?.holder };
    },
    async release(name, holder) {
      if (held.get(name)?.holder === holder) held.delete(name);
    },
  };
}

function isAsked(
  { series, atMs }: Sample,
  { metric, service, instance, endpoint, unit, fromMs, toMs }: SeriesQuery,
): boolean {
  return fits(series, { metric, service, instance, endpoint, unit }) && atMs >= fromMs && atMs < toMs;
}

function fits(series: Series, where: Partial<Record<keyof Series, unknown>>): boolean {
  return Object.entries(where).every(
    ([key, value]) => value === undefined || series[key as keyof Series] === value,
  );
}

function pointsOf(samples: readonly Sample[], { stepMs, quantiles = [] }: SeriesQuery): Point[] {
  const steps = [...Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / stepMs) * stepMs)];
  return steps
    .toSorted(([a], [b]) => a - b)
    .map(([atMs, own]) => {
      const scale = scaleOf(own[0]?.series.unit ?? '');
      const merged = mergedOf(own, scale);
      const values = own.map(({ value, series }) => plainValue(value, series.unit));
      return {
        atMs,
        count: merged.count,
        mean: merged.mean * scale,
        min: merged.min * scale,
        max: merged.max * scale,
        last: values.at(-1) as number,
        quantiles: quantiles.map((q) => (merged.clamped > 0 ? Number.NaN : merged.quantile(q) * scale)),
      };
    });
}

/** The points of each series, added up. */
function sumsOf(samples: readonly Sample[], query: SeriesQuery): Point[] {
  const each = [...Map.groupBy(samples, ({ series }) => JSON.stringify(series)).values()];
  const points = Map.groupBy(
    each.flatMap((own) => pointsOf(own, query)),
    ({ atMs }) => atMs,
  );
  return [...points]
    .toSorted(([a], [b]) => a - b)
    .map(([atMs, own]) => {
      const total = (of: (point: Point) => number): number => own.reduce((sum, point) => sum + of(point), 0);
      return {
        atMs,
        count: total(({ count }) => count),
        mean: total(({ mean }) => mean),
        min: total(({ min }) => min),
        max: total(({ max }) => max),
        last: total(({ last }) => last),
        quantiles: [],
      };
    });
}

function summaryOf(own: readonly Sample[]): Summary {
  const { series } = own[0] as Sample;
  const scale = scaleOf(series.unit);
  const histogram = mergedOf(own, scale);
  const latest = own.reduce((a, b) => (b.atMs >= a.atMs ? b : a));
  return {
    series,
    count: histogram.count,
    mean: histogram.mean * scale,
    min: histogram.min * scale,
    max: histogram.max * scale,
    last: plainValue(latest.value, series.unit),
    lastAtMs: latest.atMs,
    histogram,
  };
}

function mergedOf(samples: readonly Sample[], scale: number): Histogram {
  const merged = new Histogram();
  for (const { value } of samples) {
    if (typeof value === 'number') merged.record(Math.round(value / scale));
    else merged.mergeEncoded(value);
  }
  return merged;
}

function plainValue(value: number | Uint8Array, unit: string): number {
  return typeof value === 'number' ? value : Histogram.decode(value).mean * scaleOf(unit);
}
