import fc from 'fast-check';
import { createRandom, isLoadlineError, normal } from 'loadline/base';
import { createHistogram, Histogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';

const recorded = fc.array(
  fc.tuple(
    fc.oneof(fc.nat({ max: 300 }), fc.nat(), fc.maxSafeNat(), fc.constantFrom(NaN, -1)),
    fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 2 ** 44 })),
  ),
  { maxLength: 60 },
);

function histogramOf(entries: readonly (readonly [number, number])[]): Histogram {
  const histogram = createHistogram();
  for (const [value, count] of entries) histogram.recordMany(value, count);
  return histogram;
}

/** A hundred thousand latencies in microseconds, log-normal around 5 ms with a long tail. */
function typicalLatencies(): Histogram {
  const random = createRandom('latencies');
  const histogram = createHistogram();
  for (let i = 0; i < 100_000; i++) histogram.record(Math.exp(normal(random, Math.log(5000), 0.6)));
  return histogram;
}

/** Runs `decode`, and lets pass what it is meant to throw. */
function decodeOrRefuse(bytes: Uint8Array): Histogram | undefined {
  try {
    return Histogram.decode(bytes);
  } catch (error) {
    if (isLoadlineError(error, 'METRICS_WIRE_INVALID')) return undefined;
    throw error;
  }
}

describe('the wire form of a histogram', () => {
  it('round-trips whatever was recorded', () => {
    fc.assert(
      fc.property(recorded, (entries) => {
        const histogram = histogramOf(entries);
        const copy = Histogram.decode(histogram.encode());
        expect(copy.encode()).toEqual(histogram.encode());
        const facts = ({ count, sum, min, max, clamped, refused }: Histogram): number[] => [
          count,
          sum,
          min,
          max,
          clamped,
          refused,
        ];
        expect(facts(copy)).toEqual(facts(histogram));
        for (const q of [0, 0.25, 0.5, 0.99, 1]) expect(copy.quantile(q)).toBe(histogram.quantile(q));
      }),
    );
  });

  it('gives a histogram that goes on recording and merging', () => {
    const histogram = Histogram.decode(histogramOf([[1000, 3]]).encode());
    histogram.record(2);
    histogram.record(5_000_000);
    histogram.merge(histogramOf([[1000, 1]]));
    expect(histogram.encode()).toEqual(
      histogramOf([
        [2, 1],
        [1000, 4],
        [5_000_000, 1],
      ]).encode(),
    );
  });

  it('has a fixed layout, whichever machine wrote it', () => {
    // version 1, nothing clamped or refused, min 3, max − min 297, sum 0·2^52 + 306; then bucket 3 twice, 274
    // empty buckets, and bucket 278 (300 and 301) once.
    const bytes = histogramOf([
      [3, 2],
      [300, 1],
    ]).encode();
    expect([...bytes]).toEqual([1, 0, 0, 3, 169, 2, 0, 178, 2, 4, 165, 4, 2]);
  });

  it('takes three bytes for an empty histogram', () => {
    expect([...createHistogram().encode()]).toEqual([1, 0, 0]);
  });

  it('takes less than 1.5 KB for 100,000 typical latencies', () => {
    expect(typicalLatencies().encode().length).toBeLessThan(1500);
  });
});

describe('Histogram.decode()', () => {
  it('refuses every cut of a valid form', () => {
    const bytes = histogramOf([
      [3, 2],
      [3000, 70],
      [2 ** 50, 1],
    ]).encode();
    for (let length = 0; length < bytes.length; length++) {
      const cut = decodeOrRefuse(bytes.subarray(0, length));
      // Three bytes are the whole form of an empty histogram.
      expect(cut === undefined || length === 3).toBe(true);
    }
  });

  it('either refuses random bytes or reads what would be written as the same bytes', () => {
    const start = fc.constantFrom([], [1], [1, 0, 0], [1, 0, 0, 3, 169, 2, 0]);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, tail) => {
        const bytes = Uint8Array.from([...head, ...tail]);
        const histogram = decodeOrRefuse(bytes);
        if (histogram !== undefined) expect([...histogram.encode()]).toEqual([...bytes]);
      }),
      { numRuns: 2000 },
    );
  });

  it('either refuses a valid form with one damaged byte or reads it as another histogram', () => {
    const bytes = typicalLatencies().encode();
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] as number) ^ flip;
        const histogram = decodeOrRefuse(damaged);
        if (histogram !== undefined) expect([...histogram.encode()]).toEqual([...damaged]);
      }),
    );
  });

  it.each([
    ['an unknown version', [2, 0, 0], 'version 2 is not known'],
    ['no bytes', [], 'they end too early'],
    ['a varint beyond 2^53', [1, 255, 255, 255, 255, 255, 255, 255, 255, 127, 0], 'a number is too large'],
    ['an endless varint of zeros', [1, ...new Array(400).fill(128)], 'a number is too large'],
    ['a varint with a needless byte', [1, 128, 0, 0], 'a number is longer than it need be'],
    [
      'a value beyond the range',
      [1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 15, 0, 0, 0],
      'a value is beyond the range',
    ],
    ['clamped values in an empty histogram', [1, 1, 0], 'nothing was recorded, yet values were clamped'],
    ['a sum below what the values make', [1, 0, 0, 3, 0, 0, 5, 4], 'contradict each other'],
    ['a sum above what the values make', [1, 0, 0, 3, 0, 0, 7, 4], 'contradict each other'],
    ['a bucket with no values', [1, 0, 0, 3, 0, 0, 0, 0], 'a run is misplaced'],
    ['an empty bucket where the lowest value should be', [1, 0, 0, 3, 1, 0, 4, 3, 2], 'a run is misplaced'],
    ['empty buckets to the end', [1, 0, 0, 3, 1, 0, 3, 2, 3], 'a run is misplaced'],
    [
      'empty buckets beyond the end',
      [1, 0, 0, 3, 2, 0, 8, 2, 129, 128, 128, 128, 1, 2],
      'a run is misplaced',
    ],
    ['bytes after the end', [1, 0, 0, 3, 0, 0, 6, 4, 4], 'bytes are left over'],
  ])('refuses %s', (_, bytes, found) => {
    expect(() => Histogram.decode(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'METRICS_WIRE_INVALID', message: expect.stringContaining(found) }),
    );
  });
});
