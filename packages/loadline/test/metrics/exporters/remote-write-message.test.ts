import { createRegistry } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { EncodedLabels, samplesOf } from '../../../src/metrics/exporters/remote-write-message.ts';

const help = 'What it is.';

/** Label messages as [name, value]: each is field 1 of its series, with the fields 1 and 2, all below 128 bytes. */
function labelsIn(bytes: Uint8Array = new Uint8Array()): string[][] {
  const text = (from: number): string =>
    Buffer.from(bytes).toString('utf8', from + 1, from + 1 + (bytes[from] ?? 0));
  const labels: string[][] = [];
  for (let at = 0; at < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    const name = text(at + 3);
    expect([bytes[at], bytes[at + 2], bytes[at + 4 + name.length]]).toEqual([0x0a, 0x0a, 0x12]);
    labels.push([name, text(at + 5 + name.length)]);
  }
  return labels;
}

describe('samplesOf()', () => {
  it('puts the labels of a series in order, lets its own win over those in common, and leaves out empty ones', () => {
    const registry = createRegistry();
    const labels = ['zone', 'job', 'area', 'empty'] as const;
    const requests = registry.counter({ name: 'requests_total', help, labels });
    requests.with({ zone: 'z', job: 'mine', area: 'a', empty: '' }).add(3);
    const [sample] = samplesOf(registry.snapshot(), new EncodedLabels({ run: 'r1', job: 'common' }));
    expect(sample?.value).toBe(3);
    expect(labelsIn(sample?.labels)).toEqual([
      ['__name__', 'requests_total'],
      ['area', 'a'],
      ['job', 'mine'],
      ['run', 'r1'],
      ['zone', 'z'],
    ]);
  });

  it('encodes the labels of a series once', () => {
    const registry = createRegistry();
    registry.histogram({ name: 'wait_seconds', help, labels: ['queue'] }).with({ queue: 'a' });
    const labels = new EncodedLabels({});
    const first = samplesOf(registry.snapshot(), labels);
    const second = samplesOf(registry.snapshot(), labels);
    expect(first).toHaveLength(16);
    for (const [at, sample] of second.entries()) expect(sample.labels).toBe(first[at]?.labels);
  });

  it('keeps labels apart that look alike', () => {
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help, labels: ['a', 'b'] });
    for (const [a, b] of [
      ['x', 'y,z'],
      ['x,y', 'z'],
      ['x","y', 'z'],
    ] as const) {
      requests.with({ a, b }).add();
    }
    const labels = new EncodedLabels({});
    const samples = samplesOf(registry.snapshot(), labels);
    expect(new Set(samples.map((sample) => JSON.stringify(labelsIn(sample.labels)))).size).toBe(3);
  });

  it('holds a bounded number of labels, and goes on when it is full', () => {
    const labels = new EncodedLabels({});
    const family = { kind: 'gauge', name: 'jobs', help, labelNames: ['id'], series: [] } as const;
    const [first] = labels.of(family, ['0']);
    for (let id = 1; id <= 20_000; id++) labels.of(family, [String(id)]);
    expect(labels.of(family, ['0'])[0]).not.toBe(first);
    expect(labels.of(family, ['0'])[0]).toEqual(first);
  });
});
