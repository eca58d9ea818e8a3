/** How much CPU time does it take a service to be observed? */
import { type BenchOptions, type Row, rowOf } from './harness.ts';
import { leaveTargetCore } from './load/processes.ts';
import { type Behind, nothingBehind, startDishes, startFood } from './observe/behind.ts';
import { startChild } from './observe/child.ts';
import { collectionUs } from './observe/collections.ts';
import { type Compared, compareWatches } from './observe/compare-watches.ts';
import type { Kind } from './observe/service.ts';
import { tickUs } from './observe/ticks.ts';
import type { WatchName } from './observe/watches.ts';

/** The rule of the project: at most this share, for requests and for the rest together. */
const shareMax = 0.02;

const kinds: Readonly<Record<string, Kind>> = {
  node: 'bare node:http',
  fastify: 'bare Fastify',
  query: 'Fastify and a query',
  foodshare: 'foodshare',
};
export const parts: readonly string[] = Object.keys(kinds);

/**
 * A request has its price, and so has a second: sampling, and being read. The first is found by pairs of batches, watched and
 * not; the second in a process that does nothing else. Both are CPU time: wall time would be that of the machine. What
 * Node.js takes to report a collection of garbage is measured alone, since both halves of a pair pay for it, and added by
 * how often there was one.
 *
 * Bare services answer a fixed JSON and do nothing else, so that the price is as large a share as it can be; the third does
 * what most do, one query for one row, and the fourth is the example service itself. To wake an idle process is dear; a busy
 * one, of which the target speaks, is awake, so that a moment of sampling is measured there.
 */
export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const { rows, readShare } = await measureIdle(options);
  options.progress('collections, and moments of sampling');
  const reportUs = await collectionUs(options.short ? 10 : 60);
  rows.push(rowOf({ name: 'to report a collection of garbage', unit: 'µs', value: reportUs }));
  const momentUs = await tickUs(options.short ? 5 : 30);
  rows.push(rowOf({ name: 'busy and watched, a moment of sampling', unit: 'µs', value: momentUs }));
  const second = (Math.max(0, momentUs) / 1e6) * momentsASecond + readShare;
  const busy = `busy and watched, read every ${readEveryMs / 1000} s, of one core`;
  rows.push(rowOf({ name: busy, unit: '%', value: second * 100 }));
  for (const [part, kind] of Object.entries(kinds)) {
    if (options.only !== undefined && options.only !== part) continue;
    using _away = leaveTargetCore();
    await using behind = await startBehind(kind);
    rows.push(...(await measureKind(kind, { ...options, behind, second, reportUs })));
  }
  return rows;
}

async function startBehind(kind: Kind): Promise<Behind> {
  if (kind === 'Fastify and a query') return startDishes();
  return kind === 'foodshare' ? startFood() : nothingBehind;
}

/** What watching takes where nothing else happens, and what it takes to be read. */
async function measureIdle(options: BenchOptions): Promise<{ rows: Row[]; readShare: number }> {
  options.progress('idle');
  const forMs = options.short ? 3000 : 20_000;
  const shares = ['loadline', 'prom-client'] as const;
  const found = await Promise.all(
    shares.map(async (name) => {
      using quiet = await startChild({ kind: 'bare node:http', watch: name });
      using read = await startChild({ kind: 'bare node:http', watch: name });
      const [alone, withReads] = await Promise.all([
        quiet.idleShare(forMs, undefined),
        read.idleShare(forMs, 1000),
      ]);
      return { alone, read: withReads - alone };
    }),
  );
  const [ours, theirs] = found as [Idle, Idle];
  const readShare = ours.read / (readEveryMs / 1000);
  const [rival, name] = ['prom-client', 'idle and watched'];
  const besides = [
    rowOf(
      { name: `${name}, of one core`, unit: '%', value: ours.alone * 100 },
      { rival, rivalValue: theirs.alone * 100 },
    ),
    rowOf(
      { name: `${name}, to be read once`, unit: 'ms', value: ours.read * 1000 },
      { rival, rivalValue: theirs.read * 1000 },
    ),
    rowOf({
      name: `${name}, read every ${readEveryMs / 1000} s, of one core`,
      unit: '%',
      value: (ours.alone + readShare) * 100,
    }),
  ];
  return { rows: besides, readShare };
}

/** Shares of a core. */
interface Idle {
  readonly alone: number;
  /** What is added by being read once a second. */
  readonly read: number;
}

/** As often as the control plane does where nobody says otherwise. */
const readEveryMs = 5000;
/** How often `observe` looks how late the event loop comes. */
const momentsASecond = 10;

interface KindOptions extends BenchOptions {
  readonly behind: Behind;
  readonly second: number;
  readonly reportUs: number;
}

async function measureKind(kind: Kind, options: KindOptions): Promise<Row[]> {
  const isBare = kind.startsWith('bare');
  // A service with nothing but HTTP knows nobody.
  const ours: WatchName = isBare ? 'loadline' : 'loadline with users';
  const found = await compareWatches(
    kind,
    [ours, 'nobody', 'the clock', 'prom-client', 'OpenTelemetry'],
    options,
  );
  const { plainUs, moreUs, highUs, moreShare, collections } = found.get(ours) as Compared;
  const toldUs = collections * options.reportUs;
  const all = moreShare + toldUs / plainUs + options.second;
  const nobody = found.get('nobody') as Compared;
  const name = `${kind}, more a request`;
  const target = { target: `at most ${shareMax * 100} %`, met: all <= shareMax };
  return [
    rowOf(
      { name: `${kind}, CPU time a request`, unit: 'µs', value: plainUs + moreUs },
      { rival: 'not watched', rivalValue: plainUs },
    ),
    ...(['the clock', 'prom-client', 'OpenTelemetry'] as const).map((rival) =>
      rowOf(
        { name, unit: 'µs', value: moreUs },
        {
          rival: rival === 'the clock' ? 'two looks at the clock' : rival,
          rivalValue: (found.get(rival) as Compared).moreUs,
        },
      ),
    ),
    rowOf({ name: `${name}, 19 times in 20 below`, unit: 'µs', value: highUs }),
    rowOf({ name: `${kind}, nobody more than nobody`, unit: 'µs', value: nobody.moreUs }),
    rowOf({
      name: `${kind}, nobody more than nobody, 19 times in 20 below`,
      unit: 'µs',
      value: nobody.highUs,
    }),
    rowOf({ name: `${kind}, collections told, a request`, unit: 'µs', value: toldUs }),
    rowOf({ name, unit: '%', value: moreShare * 100 }),
    rowOf({ name: `${kind}, in all, on a busy core`, unit: '%', value: all * 100 }, target),
    rowOf({
      name: `${kind}, the target holds from a request of`,
      unit: 'µs',
      value: (moreUs + toldUs) / (shareMax - options.second),
    }),
  ];
}
