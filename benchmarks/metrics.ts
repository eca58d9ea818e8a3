/** What does it cost to record a number, and to show ten thousand histograms to Prometheus? */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { build } from 'hdr-histogram-js';
import { createHistogram, createRegistry, renderPrometheus } from 'loadline/metrics';
import * as prom from 'prom-client';
import {
  type BenchOptions,
  type Figure,
  figureOf,
  longestBlockMs,
  type Row,
  rowOf,
  timeContenders,
} from './harness.ts';

const seriesCount = 10_000;
const help = 'What it is.';
const labelNames = ['method', 'route'] as const;
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export async function run(options: BenchOptions): Promise<Row[]> {
  options.progress('recording into counters');
  const counters = timeContenders(counterContenders(), options);
  options.progress('recording into histograms');
  const histograms = timeContenders(histogramContenders(), options);
  options.progress(`showing ${seriesCount} histograms`);
  const shown = await timeShowing(options);
  return [...counterRows(counters), ...histogramRows(histograms), ...shown];
}

function counterRows(times: Times<typeof counterContenders>): Row[] {
  const plain = { name: 'counter', unit: 'ns', ...figure(times.ours) };
  const kept = { name: 'counter, kept slot of 2 labels', unit: 'ns', ...figure(times.oursKept) };
  const found = { name: 'counter, found by 2 labels', unit: 'ns', ...figure(times.oursFound) };
  const target = 'at most 8 ns';
  return [
    rowOf({ name: 'the loop itself', unit: 'ns', ...figure(times.loop) }),
    rowOf(plain, { ...beside('prom-client', times.prom), target, met: plain.value <= 8 }),
    rowOf(plain, beside('OpenTelemetry', times.otel)),
    rowOf(kept, { ...beside('prom-client, kept child', times.promKept), target, met: kept.value <= 8 }),
    rowOf(kept, beside('OpenTelemetry, kept attributes', times.otelKept)),
    rowOf(found, beside('prom-client', times.promFound)),
  ];
}

function histogramRows(times: Times<typeof histogramContenders>): Row[] {
  const plain = { name: 'histogram', unit: 'ns', ...figure(times.ours) };
  const kept = { name: 'histogram, kept slot of 2 labels', unit: 'ns', ...figure(times.oursKept) };
  const target = 'at most 15 ns, or a third of it';
  const isMet = (value: number): boolean => value <= 15 || value <= times.hdr.median / 3;
  return [
    rowOf({ name: 'the loop itself, reading values', unit: 'ns', ...figure(times.loop) }),
    rowOf(plain, { ...beside('hdr-histogram-js', times.hdr), target, met: isMet(plain.value) }),
    rowOf(plain, beside('prom-client', times.prom)),
    rowOf(plain, beside('OpenTelemetry', times.otel)),
    rowOf(kept, { ...beside('hdr-histogram-js', times.hdr), target, met: isMet(kept.value) }),
  ];
}

/** Each has a loop of its own, written out: see `Contender`. */
function counterContenders() {
  const registry = createRegistry();
  const plain = registry.counter({ name: 'plain_total', help });
  const labelled = registry.counter({ name: 'labelled_total', help, labels: labelNames });
  const kept = labelled.with({ method: 'GET', route: '/api/food' });
  const registers = [new prom.Registry()];
  const promPlain = new prom.Counter({ name: 'plain_total', help, registers });
  const promLabelled = new prom.Counter({ name: 'labelled_total', help, labelNames, registers });
  const promKept = promLabelled.labels('GET', '/api/food');
  const meter = new MeterProvider({ readers: [new IdleReader()] }).getMeter('bench');
  const otelPlain = meter.createCounter('plain');
  const otelLabelled = meter.createCounter('labelled');
  const attributes = { method: 'GET', route: '/api/food' };
  return {
    loop(operations: number): number {
      let sum = 0;
      for (let i = 0; i < operations; i++) sum += i & 1;
      return sum;
    },
    ours(operations: number): number {
      for (let i = 0; i < operations; i++) plain.add();
      return plain.value;
    },
    oursKept(operations: number): number {
      for (let i = 0; i < operations; i++) kept.add();
      return kept.value;
    },
    oursFound(operations: number): number {
      for (let i = 0; i < operations; i++) labelled.with({ method: 'GET', route: '/api/food' }).add();
      return kept.value;
    },
    prom(operations: number): number {
      for (let i = 0; i < operations; i++) promPlain.inc();
      return operations;
    },
    promKept(operations: number): number {
      for (let i = 0; i < operations; i++) promKept.inc();
      return operations;
    },
    promFound(operations: number): number {
      for (let i = 0; i < operations; i++) promLabelled.inc({ method: 'GET', route: '/api/food' });
      return operations;
    },
    otel(operations: number): number {
      for (let i = 0; i < operations; i++) otelPlain.add(1);
      return operations;
    },
    otelKept(operations: number): number {
      for (let i = 0; i < operations; i++) otelLabelled.add(1, attributes);
      return operations;
    },
  };
}

function histogramContenders() {
  const us = latenciesUs(1 << 16);
  const seconds = us.map((value) => value / 1e6);
  const mask = us.length - 1;
  const plain = createHistogram();
  const registry = createRegistry();
  const kept = registry
    .histogram({ name: 'kept_seconds', help, labels: labelNames })
    .with({ method: 'GET', route: '/api/food' });
  const hdr = build({ numberOfSignificantValueDigits: 2, highestTrackableValue: 2 ** 42, autoResize: false });
  const registers = [new prom.Registry()];
  const promPlain = new prom.Histogram({ name: 'plain_seconds', help, buckets, registers });
  const meter = new MeterProvider({ readers: [new IdleReader()] }).getMeter('bench');
  const otelPlain = meter.createHistogram('plain', { advice: { explicitBucketBoundaries: buckets } });
  return {
    loop(operations: number): number {
      let sum = 0;
      for (let i = 0; i < operations; i++) sum += us[i & mask] as number;
      return sum;
    },
    ours(operations: number): number {
      for (let i = 0; i < operations; i++) plain.record(us[i & mask] as number);
      return plain.sum;
    },
    oursKept(operations: number): number {
      for (let i = 0; i < operations; i++) kept.record(us[i & mask] as number);
      return kept.sum;
    },
    hdr(operations: number): number {
      for (let i = 0; i < operations; i++) hdr.recordValue(us[i & mask] as number);
      return hdr.totalCount;
    },
    prom(operations: number): number {
      for (let i = 0; i < operations; i++) promPlain.observe(seconds[i & mask] as number);
      return operations;
    },
    otel(operations: number): number {
      for (let i = 0; i < operations; i++) otelPlain.record(seconds[i & mask] as number);
      return operations;
    },
  };
}

/** Both write what a server would send: the slices, or the one text, as bytes. */
async function timeShowing(options: BenchOptions): Promise<Row[]> {
  const us = latenciesUs(1 << 12);
  const ours = createRegistry();
  const durations = ours.histogram({ name: 'shown_seconds', help, labels: ['id'], buckets });
  const theirs = new prom.Registry();
  const promDurations = new prom.Histogram({
    name: 'shown_seconds',
    help,
    labelNames: ['id'],
    buckets,
    registers: [theirs],
  });
  for (let id = 0; id < seriesCount; id++) {
    const [slot, child] = [durations.with({ id: String(id) }), promDurations.labels(String(id))];
    for (let i = 0; i < 20; i++) {
      const value = us[(id * 20 + i) % us.length] as number;
      slot.record(value);
      child.observe(value / 1e6);
    }
  }
  let bytes = 0;
  const showOurs = async (): Promise<void> => {
    bytes = 0;
    for await (const slice of renderPrometheus(ours)) bytes += Buffer.from(slice).length;
  };
  const showTheirs = async (): Promise<void> => {
    bytes = Buffer.from(await theirs.metrics()).length;
  };
  const blocks: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
  const totals: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
  await showOurs();
  await showTheirs();
  for (let round = 0; round < (options.short ? 3 : 11); round++) {
    for (const [who, show] of [
      ['ours', showOurs],
      ['theirs', showTheirs],
    ] as const) {
      blocks[who].push(
        await longestBlockMs(async () => {
          const startMs = performance.now();
          await show();
          totals[who].push(performance.now() - startMs);
        }),
      );
      if (bytes < seriesCount * buckets.length * 20) throw new Error(`Only ${bytes} bytes were shown.`);
    }
  }
  const [block, promBlock] = [figureOf(blocks.ours), figureOf(blocks.theirs)];
  const [total, promTotal] = [figureOf(totals.ours), figureOf(totals.theirs)];
  const name = `${seriesCount.toLocaleString('en')} histograms shown`;
  return [
    rowOf(
      { name: `${name}, longest block, worst round`, unit: 'ms', value: block.worst },
      { rival: 'prom-client', rivalValue: promBlock.worst, target: 'at most 10 ms', met: block.worst <= 10 },
    ),
    rowOf({ name: `${name}, longest block`, unit: 'ms', ...figure(block) }, beside('prom-client', promBlock)),
    rowOf({ name: `${name}, in all`, unit: 'ms', ...figure(total) }, beside('prom-client', promTotal)),
  ];
}

/** Microseconds around 5 ms with a long tail, the same in every run. */
function latenciesUs(count: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const uniform = (state + 1) / 0x80000001;
    return Math.round(5000 * (-Math.log(uniform)) ** 1.5 + 100);
  });
}

/** OpenTelemetry keeps no numbers before somebody wants them. */
class IdleReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

type Times<Contenders extends () => object> = Readonly<Record<keyof ReturnType<Contenders>, Figure>>;

function figure({ median, spread }: Figure): { value: number; spread: number } {
  return { value: median, spread };
}

function beside(rival: string, { median }: Figure): { rival: string; rivalValue: number } {
  return { rival, rivalValue: median };
}
