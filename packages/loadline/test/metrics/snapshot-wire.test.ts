import fc from 'fast-check';
import { isLoadlineError } from 'loadline/base';
import {
  createHistogram,
  createRegistry,
  type DecodedSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  mergeSnapshots,
  type Registry,
  renderSnapshot,
  type Snapshot,
} from 'loadline/metrics';
import { describe, expect, it } from 'vitest';

const help = 'What it is.';

/** A process with one metric of each kind, that answered after so many microseconds. */
function processOf(route: string, valuesUs: readonly number[]): Registry {
  const registry = createRegistry();
  const labels = ['route'] as const;
  const durations = registry.histogram({ name: 'wait_seconds', help, labels }).with({ route });
  for (const value of valuesUs) {
    registry.counter({ name: 'jobs_total', help, labels }).with({ route }).add();
    durations.record(value);
  }
  registry.gauge({ name: 'queue_jobs', help, read: () => valuesUs.length });
  return registry;
}

/** All that a snapshot says, as plain data that compares. */
function plain({ snapshot, sketches }: DecodedSnapshot): unknown {
  const families = snapshot.map((family) => ({
    ...family,
    series: family.series.map((each) => ({
      labels: each.labels,
      value: 'value' in each ? each.value : [...each.histogram.encode()],
    })),
  }));
  return [families, [...sketches].map(([name, bytes]) => [name, [...bytes]])];
}

const text = fc.oneof(fc.constantFrom('', 'a', 'route', '/'), fc.string({ unit: 'grapheme', maxLength: 12 }));
const number = fc.oneof(fc.double(), fc.integer());
const labelled = <Value>(of: fc.Arbitrary<Value>): fc.Arbitrary<{ labels: string[]; value: Value }> =>
  fc.record({ labels: fc.tuple(text, text), value: of });
const family = fc.oneof(
  fc.record({
    kind: fc.constantFrom('counter', 'gauge'),
    name: text,
    help: text,
    series: fc.array(labelled(number), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('histogram'),
    name: text,
    help: text,
    scale: number,
    buckets: fc.array(number, { maxLength: 4 }),
    series: fc.array(labelled(fc.array(fc.nat(), { maxLength: 5 })), { minLength: 1, maxLength: 4 }),
  }),
);
const snapshots = fc.uniqueArray(family, { maxLength: 5, selector: ({ name }) => name }).map((families) =>
  families.map(({ series, ...head }) => ({
    ...head,
    labelNames: ['a', 'b'],
    series: series.map(({ labels, value }) => {
      if (typeof value === 'number') return { labels, value };
      const histogram = createHistogram();
      for (const each of value) histogram.record(each);
      return { labels, histogram };
    }),
  })),
) as fc.Arbitrary<Snapshot>;
const sketches = fc
  .array(fc.tuple(text, fc.uint8Array({ maxLength: 9 })), { maxLength: 3 })
  .map((all) => new Map(all));

/** What the bytes hold, or undefined where they are refused as they should be. */
function decodeOrRefuse(bytes: Uint8Array): DecodedSnapshot | undefined {
  try {
    return decodeSnapshot(bytes);
  } catch (error) {
    if (isLoadlineError(error, 'METRICS_SNAPSHOT_INVALID')) return undefined;
    if (isLoadlineError(error, 'METRICS_WIRE_INVALID')) return undefined;
    throw error;
  }
}

async function bytesOf(registry: Registry, sliceMs?: number): Promise<{ bytes: Uint8Array; slices: number }> {
  const slices: Uint8Array[] = [];
  const options = sliceMs === undefined ? {} : { sliceMs };
  for await (const slice of renderSnapshot(registry, options)) slices.push(slice);
  return { bytes: Buffer.concat(slices), slices: slices.length };
}

describe('a snapshot as bytes', () => {
  it('round-trips whatever a snapshot can hold', () => {
    fc.assert(
      fc.property(snapshots, sketches, (snapshot, held) => {
        const decoded = decodeSnapshot(encodeSnapshot(snapshot, held));
        expect(plain(decoded)).toEqual(plain({ snapshot, sketches: held }));
      }),
    );
  });

  it('keeps all that is needed to merge processes exactly', () => {
    const parts = [processOf('/', [10, 2000]), processOf('/', [5_000_000]), processOf('/a', [7])];
    const sent = parts.map((part) => decodeSnapshot(encodeSnapshot(part.snapshot())).snapshot);
    const merged = (all: readonly Snapshot[]): unknown =>
      plain({ snapshot: mergeSnapshots(all), sketches: new Map() });
    expect(merged(sent)).toEqual(merged(parts.map((part) => part.snapshot())));
  });

  it('writes a text once', () => {
    const of = (count: number): number => {
      const registry = createRegistry();
      const jobs = registry.counter({ name: 'jobs_total', help, labels: ['queue', 'result'] });
      for (let at = 0; at < count; at++) jobs.with({ queue: 'a-rather-long-name', result: `${at}` }).add();
      return encodeSnapshot(registry.snapshot()).length;
    };
    expect(of(20) - of(10)).toBe(10 * (1 + 1 + 3 + 8));
  });

  it('is the same in slices, and gives the event loop turns', async () => {
    const registry = createRegistry();
    const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['id'] });
    for (let id = 0; id < 300; id++) waits.with({ id: `${id}` }).record(id * 100);
    const { bytes, slices } = await bytesOf(registry, 0);
    expect([...bytes]).toEqual([...encodeSnapshot(registry.snapshot())]);
    expect(slices).toBeGreaterThan(300);
  });
});

describe('decodeSnapshot()', () => {
  it('refuses every cut of a valid form', () => {
    const bytes = encodeSnapshot(
      processOf('/', [10, 2000]).snapshot(),
      new Map([['users', new Uint8Array(3)]]),
    );
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeOrRefuse(bytes.subarray(0, length))).toBeUndefined();
    }
  });

  it('either refuses random or damaged bytes, or reads a snapshot that round-trips', () => {
    const valid = encodeSnapshot(processOf('/', [10, 2000]).snapshot());
    const damaged = fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const bytes = valid.slice();
      bytes[at] = byte;
      return bytes;
    });
    const random = fc.uint8Array({ maxLength: 80 }).map((tail) => Uint8Array.from([1, 1, ...tail]));
    fc.assert(
      fc.property(fc.oneof(damaged, random), (bytes) => {
        const decoded = decodeOrRefuse(bytes);
        if (decoded === undefined) return;
        const again = decodeSnapshot(encodeSnapshot(decoded.snapshot, decoded.sketches));
        const kept = decoded.snapshot.filter(({ series }) => series.length > 0);
        expect(plain(again)).toEqual(plain({ ...decoded, snapshot: kept }));
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses more bytes, or histograms of more memory, than it was allowed', () => {
    const registry = createRegistry();
    const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['id'] });
    for (let id = 0; id < 100; id++) {
      const histogram = waits.with({ id: `${id}` });
      histogram.record(0);
      histogram.record(2 ** 51);
    }
    const bytes = encodeSnapshot(registry.snapshot());
    expect(bytes.length).toBeLessThan(5000);
    expect(() => decodeSnapshot(bytes, { bytesMax: 1000 })).toThrow('more than the limit of 1000');
    expect(() => decodeSnapshot(bytes, { memoryBytesMax: 2e6 })).toThrow('more memory than the limit');
    expect(decodeSnapshot(bytes, { memoryBytesMax: 3e6 }).snapshot).toHaveLength(1);
  });

  it.each([
    ['no bytes', [], 'they end too early'],
    ['an unknown version', [2, 0], 'version 2 is not known'],
    ['an unknown part', [1, 9], 'part 9 is not known'],
    ['an unknown kind', [1, 1, 7], 'kind 7 is not known'],
    ['a text that was not there', [1, 2, 3], 'text 3 was not there before'],
    ['a text that is there twice', [1, 2, 0, 1, 97, 0, 2, 0, 1, 97, 0, 0], 'a text is written twice'],
    ['a text that is not UTF-8', [1, 2, 0, 1, 255, 0, 0], 'a text is not UTF-8'],
    ['more series than bytes', [1, 1, 0, 0, 0, 1, 0, 255, 255, 255, 255, 15], 'they end too early'],
    ['bytes after the end', [1, 0, 0], 'bytes are left over'],
  ])('refuses %s', (_, bytes, found) => {
    expect(() => decodeSnapshot(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'METRICS_SNAPSHOT_INVALID', message: expect.stringContaining(found) }),
    );
  });
});
