import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import type { Sample } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { OpenMinutes } from '../../src/store/open-minutes.ts';
import { minuteMs, type Rollup, RollupTable } from '../../src/store/rollup.ts';
import { addToMinutes, readBlock, type SampleBlock } from '../../src/store/sample-block.ts';
import { SeriesBook } from '../../src/store/series-book.ts';

const everything = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
const batches = fc.array(
  fc.array(
    fc.record({
      series: fc.integer({ min: 0, max: 30 }),
      atMs: fc.integer({ min: 0, max: 4 * minuteMs - 1 }),
      value: fc.integer({ min: 1, max: 1_000_000 }),
      isHistogram: fc.boolean(),
    }),
    { maxLength: 30 },
  ),
  { maxLength: 12 },
);

describe('OpenMinutes', () => {
  it('tells what a table of rollups tells, however many samples it keeps', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(200), fc.nat(3), async (all, samplesMax, fromMinute) => {
        const fromMs = fromMinute * minuteMs;
        const open = new OpenMinutes(samplesMax);
        const table = new RollupTable();
        for (const block of blocksOf(all)) {
          addToMinutes(table, block, { fromMs, toMs: Number.POSITIVE_INFINITY });
          expect(await open.add(block, fromMs)).toBe(block.atMs.filter((atMs) => atMs >= fromMs).length);
        }
        for (const untilMs of [2 * minuteMs, 3 * minuteMs, Number.POSITIVE_INFINITY]) {
          expect(figuresOf(open.before(untilMs))).toEqual(figuresOf(table.before(untilMs)));
          open.forgetBefore(untilMs);
          table.forgetBefore(untilMs);
        }
      }),
    );
  });

  it('tells the same again, as an attempt that failed is repeated', async () => {
    const open = new OpenMinutes();
    const [block] = blocksOf([[{ series: 1, atMs: 5, value: 7, isHistogram: false }]]);
    await open.add(block as SampleBlock, 0);
    expect(figuresOf(open.before(minuteMs))).toHaveLength(1);
    expect(figuresOf(open.before(minuteMs))).toHaveLength(1);
  });

  it('mixes nothing up where there is much, and where memory is used again', async () => {
    const open = new OpenMinutes();
    const table = new RollupTable();
    for (const minute of [0, 1]) {
      // More than one piece of memory has room for, of samples as well as of histograms.
      const many = Array.from({ length: 20_000 }, (_, at) => ({
        series: at % 300,
        atMs: minute * minuteMs + (at % minuteMs),
        value: 1 + ((at * 7919 + minute) % 1_000_000),
        isHistogram: at % 16 !== minute,
      }));
      for (const block of blocksOf([many])) {
        await open.add(block, 0);
        addToMinutes(table, block, everything);
      }
      open.forgetBefore(minute * minuteMs);
      table.forgetBefore(minute * minuteMs);
      expect(figuresOf(open.before(Number.POSITIVE_INFINITY))).toEqual(
        figuresOf(table.before(Number.POSITIVE_INFINITY)),
      );
    }
  });

  it('makes rollups of many series a part at a time', async () => {
    const open = new OpenMinutes();
    const many = Array.from({ length: 45_000 }, (_, series) => ({
      series,
      atMs: 5,
      value: 7,
      isHistogram: false,
    }));
    for (const block of blocksOf([many])) await open.add(block, 0);
    const series = [...open.before(minuteMs)].map((entry) => entry.series);
    expect(new Set(series).size).toBe(45_000);
    // The first of forty-five parts has every forty-fifth of them.
    expect(series.slice(0, 1000).every((id) => id % 45 === 0)).toBe(true);
  });
});

interface Written {
  readonly series: number;
  readonly atMs: number;
  readonly value: number;
  readonly isHistogram: boolean;
}

function blocksOf(all: readonly (readonly Written[])[]): SampleBlock[] {
  const book = new SeriesBook(100_000);
  return all.map((batch) => {
    const samples = batch.map(({ series, atMs, value, isHistogram }): Sample => {
      const own = { metric: `m${series}`, service: 's', unit: series % 2 === 0 ? 'ms' : 'bytes' };
      return { series: own, atMs, value: isHistogram ? encoded(value) : value };
    });
    const { block } = readBlock(samples, book, { ...everything, nowMs: 0 });
    for (const known of block.series) known.id ??= Number(known.series.metric.slice(1));
    return block;
  });
}

function encoded(value: number): Uint8Array {
  const histogram = createHistogram();
  histogram.recordMany(value, 3);
  return histogram.encode();
}

function figuresOf(entries: Iterable<{ startMs: number; series: number; rollup: Rollup }>): unknown[] {
  return [...entries]
    .map(({ startMs, series, rollup }) => {
      const { count, min, max, last, lastAtMs } = rollup;
      const sum = Math.round(rollup.sum * 1000);
      const bytes = Buffer.from(rollup.encodeHistogram()).toString('hex');
      return { startMs, series, count, sum, min, max, last, lastAtMs, bytes };
    })
    .toSorted((a, b) => a.startMs - b.startMs || a.series - b.series);
}
