import { createRandom, systemClock } from 'loadline/base';
import { openEmbeddedProxy } from 'loadline/traffic';
import {
  type Carried,
  FleetUnderLoad,
  type ProxyUnderLoad,
  smallest,
} from '../../packages/loadline/test/faults/fleet-under-load.ts';
import { startHaproxy } from '../../packages/loadline/test/traffic/drivers/haproxy-server.ts';
import { type BenchOptions, type Row, rowOf } from '../harness.ts';

type Proxy = ProxyUnderLoad & AsyncDisposable;

/**
 * Instances that admit four requests at once, as processes behind a proxy. What two of them carry is measured; 60 % of that comes
 * as an open model, whether others were answered or not, one in eight a POST. Meanwhile the fleet grows from 2 to 8 and shrinks
 * again, is restarted one by one, and loses an instance to SIGKILL, round after round. What counts is how many requests are lost.
 */
export async function measureFaults(options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, start] of proxies) {
    await using proxy = await start();
    rows.push(...(await measureBehind(name, proxy, options)));
  }
  return rows;
}

const proxies: readonly (readonly [string, () => Promise<Proxy>])[] = [
  ['the embedded proxy', startEmbedded],
  ['HAProxy', startHaproxy],
];

async function startEmbedded(): Promise<Proxy> {
  const proxy = await openEmbeddedProxy({ clock: systemClock, random: createRandom(1) });
  const url = `http://127.0.0.1:${proxy.port}`;
  return { driver: proxy, url, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

async function measureBehind(name: string, proxy: ProxyUnderLoad, options: BenchOptions): Promise<Row[]> {
  const settings = options.short ? {} : { measureSeconds: 5, settledMs: 2000 };
  await using fleet = await new FleetUnderLoad(proxy, settings).open();
  const { capacityPerSecond, ratePerSecond } = fleet;
  const rounds = options.short ? 1 : 10;
  const faults = {
    'from 2 to 8 and back': async () => {
      await fleet.resize(8);
      await fleet.resize(smallest);
    },
    'rolling restart': () => fleet.restart(),
    'an instance killed': () => fleet.killOne(),
  } as const;
  const rows: Row[] = [
    rowOf({
      name: `faults: two instances carry, behind ${name}`,
      unit: '/s',
      value: Math.round(capacityPerSecond),
    }),
  ];
  for (const [fault, work] of Object.entries(faults)) {
    const carried: Carried[] = [];
    for (let round = 0; round < rounds; round++) {
      // With new ones in each round: one that is killed again and again is given longer and longer.
      if (round > 0) await fleet.restart();
      carried.push(await fleet.under(work));
      const { sent, lost, why } = carried[round] as Carried;
      options.progress(
        `faults: ${name}, ${fault}, round ${round + 1} of ${rounds}: ${sent} sent at ${ratePerSecond}/s, ${lost.GET} GETs and ${lost.POST} POSTs lost ${why.join('; ')}`.trim(),
      );
    }
    rows.push(...rowsOf(`${fault}, behind ${name}`, carried, fault === 'an instance killed'));
  }
  return rows;
}

/** What a killed process had on its way and may not be repeated, is lost with it. */
function rowsOf(name: string, carried: readonly Carried[], isKill: boolean): Row[] {
  const sum = (of: (each: Carried) => number): number => carried.reduce((total, each) => total + of(each), 0);
  const gets = sum(({ lost }) => lost.GET);
  const posts = sum(({ lost }) => lost.POST);
  const sent = sum((each) => each.sent);
  const none = (value: number) => ({ target: 'none', met: value === 0 });
  return [
    rowOf({ name: `faults: ${name}: GETs lost of ${sent} requests`, unit: '', value: gets }, none(gets)),
    rowOf(
      { name: `faults: ${name}: POSTs lost${isKill ? ', on their way to it' : ''}`, unit: '', value: posts },
      ...(isKill ? [] : [none(posts)]),
    ),
  ];
}
