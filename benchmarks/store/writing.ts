import { pipeline } from 'node:stream/promises';
import { systemClock } from 'loadline/base';
import type { Sample, Series, Store } from 'loadline/store';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';

const seriesCount = 2000;
const batchSize = 10_000;
const perSecondMin = 100_000;

/** Samples of 2,000 series in batches of 10,000, two on their way at a time; COPY gets the same rows, encoded already. */
export async function measureWriting(store: Store, url: string, options: BenchOptions): Promise<Row[]> {
  const [rounds, batches] = options.short ? [3, 10] : [9, 30];
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const ours: number[] = [];
  const theirs: number[] = [];
  const ratios: number[] = [];
  try {
    await prepareCopy(client, store);
    for (let round = -1; round < rounds; round++) {
      options.progress(round < 0 ? 'warming up' : `writing, round ${round + 1} of ${rounds}`);
      const samples = makeBatches(batches);
      const text = copyText(samples);
      const count = batches * batchSize;
      const perSecond = [0, 0];
      const turns = [
        async () => (perSecond[0] = (count / (await timed(() => writeAll(store, samples)))) * 1000),
        async () => (perSecond[1] = (count / (await timed(() => copyAll(client, text)))) * 1000),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
      if (round < 0) continue;
      ours.push(perSecond[0] as number);
      theirs.push(perSecond[1] as number);
      ratios.push((perSecond[0] as number) / (perSecond[1] as number));
    }
  } finally {
    await client.end();
  }
  const [our, their] = [figureOf(ours), figureOf(theirs)];
  const ratio = figureOf(ratios).median;
  const row = rowOf(
    { name: 'samples written and committed', unit: '/s', value: our.median, spread: our.spread },
    {
      rival: 'COPY of the same rows',
      rivalValue: their.median,
      target: 'at least 100,000/s, or half of COPY',
      met: our.median >= perSecondMin || ratio >= 0.5,
    },
  );
  return [{ ...row, ratio }];
}

const series: readonly Series[] = Array.from({ length: seriesCount }, (_, at) =>
  Object.freeze({
    metric: `metric_${at % 20}`,
    service: `service-${Math.floor(at / 20) % 10}`,
    endpoint: `/api/resource-${Math.floor(at / 200) % 2}`,
    instance: `instance-${Math.floor(at / 400)}`,
    unit: 'ms',
  }),
);

/** As many seconds as there are samples of each series, the last of them now. */
function makeBatches(count: number): Sample[][] {
  const nowMs = systemClock.now();
  return Array.from({ length: count }, (_, batch) =>
    Array.from({ length: batchSize }, (_, at) => ({
      series: series[at % seriesCount] as Series,
      atMs: nowMs - (count - batch) * 5 + Math.floor(at / seriesCount),
      value: ((at * 7919 + batch * 104_729) % 100_000) / 1000,
    })),
  );
}

async function writeAll(store: Store, batches: readonly Sample[][]): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
      const { state, accepted } = await store.metrics.write(batch);
      if (state !== 'committed' || accepted !== batch.length)
        throw new Error(`A batch was ${state}: ${accepted} samples.`);
    }
  };
  await Promise.all([lane(), lane()]);
}

/** A table of its own with the same columns, keys and indexes; and the numbers that the store has given to the series. */
async function prepareCopy(client: pg.Client, store: Store): Promise<void> {
  await store.metrics.write(makeBatches(1)[0] as Sample[]);
  await client.query('CREATE TABLE copied (LIKE performance_metrics INCLUDING ALL)');
}

function copyText(batches: readonly Sample[][]): Buffer {
  const lines = batches
    .flat()
    .map(({ series: { metric, service, endpoint, instance, unit }, atMs, value }, at) => {
      const seriesId = (at % seriesCount) + 1;
      const time = new Date(atMs).toISOString();
      return `${metric}\t${service}\t${endpoint}\t${value}\t${unit}\t${time}\t{}\t${instance}\t${seriesId}\t1\n`;
    });
  return Buffer.from(lines.join(''));
}

async function copyAll(client: pg.Client, text: Buffer): Promise<void> {
  const columns = `metric_type, service_name, endpoint, metric_value, unit, timestamp, metadata, instance, series_id, writer_id`;
  const stream = client.query(copyFrom(`COPY copied (${columns}) FROM STDIN`));
  await pipeline(chunksOf(text), stream);
}

function* chunksOf(text: Buffer): Generator<Buffer> {
  for (let from = 0; from < text.length; from += 65_536) yield text.subarray(from, from + 65_536);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
