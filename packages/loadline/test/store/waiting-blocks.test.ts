import type { WriteReceipt } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { readBlock } from '../../src/store/sample-block.ts';
import { SeriesBook } from '../../src/store/series-book.ts';
import { type WaitingBlock, WaitingBlocks } from '../../src/store/waiting-blocks.ts';
import { sampleAt, seriesNamed } from './opened-store.ts';

describe('WaitingBlocks', () => {
  it('gives the oldest first, as many as fit in one transaction', () => {
    const waiting = new WaitingBlocks({ samplesMax: 100, bytesMax: 1e6 });
    const blocks = [4, 5, 6].map((count) => blockOf(count));
    for (const block of blocks) waiting.push(block);
    expect(waiting.take(9)).toEqual(blocks.slice(0, 2));
    expect(waiting.samples).toBe(6);
    expect(waiting.take(1)).toEqual(blocks.slice(2));
    expect(waiting).toMatchObject({ samples: 0, bytes: 0, dropped: 0 });
  });

  it('drops the oldest when there are too many samples, tells its writer, and counts', () => {
    const waiting = new WaitingBlocks({ samplesMax: 10, bytesMax: 1e6 });
    const blocks = [6, 3, 4].map((count) => blockOf(count));
    for (const block of blocks) waiting.push(block);
    expect(blocks.map(({ told }) => told)).toEqual([['dropped'], [], []]);
    expect(waiting).toMatchObject({ samples: 7, dropped: 6 });
  });

  it('drops the oldest when they take too many bytes', () => {
    const [first, second] = [blockOf(10), blockOf(10)];
    const waiting = new WaitingBlocks({ samplesMax: 100, bytesMax: first.block.bytes + 1 });
    waiting.push(first);
    waiting.push(second);
    expect(first.told).toEqual(['dropped']);
    expect(waiting.bytes).toBe(second.block.bytes);
  });

  it('takes what is put back as the oldest again', () => {
    const waiting = new WaitingBlocks({ samplesMax: 100, bytesMax: 1e6 });
    const blocks = [1, 2, 3].map((count) => blockOf(count));
    for (const block of blocks) waiting.push(block);
    waiting.putBack(waiting.take(3));
    expect(waiting.samples).toBe(6);
    expect(waiting.take(6)).toEqual(blocks);
  });
});

describe('readBlock()', () => {
  const window = { nowMs: 1900, fromMs: 1000, toMs: 2000 };

  it('keeps what is fit and tells what is not', () => {
    const series = seriesNamed('a');
    const samples = [
      sampleAt(series, 1500.7, 1),
      sampleAt(series, 999, 2),
      sampleAt(series, 2000, 3),
      sampleAt(series, 1500, Number.NaN),
      sampleAt(series, 1500, new Uint8Array([9])),
      sampleAt({ ...series, service: '' }, 1500, 1),
      sampleAt({ ...series, labels: { a: 'b\0' } }, 1500, 1),
      sampleAt(series, Number.NaN, 1),
      sampleAt({ ...series, metric: 'cut \ud83d' }, 1500, 1),
      sampleAt({ ...series, labels: { a: '\ude00' } }, 1500, 1),
    ];
    const { block, refused, problems } = readBlock(samples, new SeriesBook(10), window);
    expect(block.count).toBe(1);
    expect(block.atMs[0]).toBe(1500);
    expect(refused).toBe(9);
    expect(problems.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(problems.slice(0, 2).map(({ message }) => message)).toEqual([
      'Sample 1 is older than 900ms.',
      'Sample 2 is from the future, by more than 100ms.',
    ]);
  });

  it('takes series of one content for one, whatever object says it', () => {
    const first = { ...seriesNamed('a'), labels: { x: '1', y: '2' } };
    const second = { ...seriesNamed('a'), labels: { y: '2', x: '1' } };
    const samples = [first, second, seriesNamed('b')].map((series) => sampleAt(series, 1500, 1));
    const { block } = readBlock(samples, new SeriesBook(10), window);
    expect(block.series).toHaveLength(2);
    expect([...block.seriesAt]).toEqual([0, 0, 1]);
  });

  it('takes no more series than it has a place for', () => {
    const book = new SeriesBook(1);
    const samples = ['a', 'b', 'a'].map((name) => sampleAt(seriesNamed(name), 1500, 1));
    expect(readBlock(samples, book, window)).toMatchObject({ block: { count: 2 }, refused: 1 });
  });
});

interface Told extends WaitingBlock {
  readonly told: WriteReceipt['state'][];
}

function blockOf(count: number): Told {
  const told: WriteReceipt['state'][] = [];
  const samples = Array.from({ length: count }, () => sampleAt(seriesNamed('a'), 1500, 1));
  const { block } = readBlock(samples, new SeriesBook(1), { nowMs: 0, fromMs: 0, toMs: 2000 });
  return { block, told, settle: (state) => void told.push(state), fail: () => undefined };
}
