import type { CacheReading } from 'loadline/store';
import { createValkey } from 'loadline/valkey';
import { type ServerProbe, samplesOf } from './server-probe.ts';

const answerLimitMs = 2000;

/** Reads `INFO` of a Valkey or Redis, over a connection of its own. */
export function createValkeyProbe(service: string, url: string): ServerProbe {
  const valkey = createValkey({
    url,
    clientName: 'loadline-watch',
    connectTimeoutMs: answerLimitMs,
    commandTimeoutMs: answerLimitMs,
  });
  const instance = placeOf(url);
  let before: Info | undefined;
  return {
    service,
    instance,
    kind: 'valkey',
    async read(atMs) {
      await valkey.connect();
      const text = await valkey.info('all');
      const now = { atMs, numbers: numbersOf(text), reads: readsOf(text) };
      const use = compareInfo(before, now);
      before = now;
      const figures = [...gaugesOf(now.numbers), ...use.figures];
      return {
        samples: samplesOf(figures, { service, instance, atMs }),
        caches:
          use.ratios === undefined ? [] : [cacheOf({ ...use.ratios, readMs: use.readMs }, { service, atMs })],
      };
    },
    close: () => valkey.close(),
  };
}

/** What a server says of itself at one moment. */
interface Info {
  readonly atMs: number;
  readonly numbers: ReadonlyMap<string, number>;
  readonly reads: Reads;
}

/** Commands that look something up, and what the server took for them, since it counts. */
interface Reads {
  readonly calls: number;
  readonly tookUs: number;
}

/** The numbers of an INFO text. Pure. */
function numbersOf(text: string): ReadonlyMap<string, number> {
  const pairs = text.split(/\r?\n/).flatMap((line): [string, number][] => {
    const [, name, value] = /^([\w]+):(-?\d+(?:\.\d+)?)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, Number(value)]];
  });
  return new Map(pairs);
}

const readCommands = new Set(['get', 'mget', 'getex', 'getrange', 'exists', 'hget', 'hmget', 'hgetall']);

/** Of an INFO text, lines like `cmdstat_get:calls=21,usec=175,usec_per_call=8.33`. Pure. */
function readsOf(text: string): Reads {
  let calls = 0;
  let tookUs = 0;
  for (const [, name = '', count, us] of text.matchAll(/^cmdstat_(\w+):calls=(\d+),usec=(\d+)/gm)) {
    if (!readCommands.has(name)) continue;
    calls += Number(count);
    tookUs += Number(us);
  }
  return { calls, tookUs };
}

type Figures = Parameters<typeof samplesOf>[0];

interface Ratios {
  readonly hit: number;
  /** Of the look-ups. */
  readonly eviction: number;
}

/** What it did between two looks; what has fallen was reset, and is left out. Pure. */
function compareInfo(
  before: Info | undefined,
  now: Info,
): { readonly figures: Figures; readonly ratios: Ratios | undefined; readonly readMs: number | undefined } {
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000;
  const grown = (name: string): number | undefined => {
    const earlier = before?.numbers.get(name);
    const value = now.numbers.get(name);
    if (earlier === undefined || value === undefined || seconds <= 0 || value < earlier) return undefined;
    return value - earlier;
  };
  const each = (name: string): number | undefined => {
    const value = grown(name);
    return value === undefined ? undefined : value / seconds;
  };
  const hits = grown('keyspace_hits');
  const misses = grown('keyspace_misses');
  const isKnown = hits !== undefined && misses !== undefined;
  const lookups = isKnown ? hits + misses : undefined;
  const readMs = before === undefined ? undefined : readMsOf(before.reads, now.reads);
  const system = each('used_cpu_sys');
  const user = each('used_cpu_user');
  return {
    figures: [
      ['cache_hits', 'per second', isKnown ? hits / seconds : undefined],
      ['cache_lookups', 'per second', lookups === undefined ? undefined : lookups / seconds],
      ['cache_read_ms', 'ms', readMs],
      ['cache_commands', 'per second', each('total_commands_processed')],
      ['cache_evictions', 'per second', each('evicted_keys')],
      ['cache_expirations', 'per second', each('expired_keys')],
      ['cpu_ratio', 'ratio', system === undefined || user === undefined ? undefined : system + user],
      ['network_received', 'bytes/s', each('total_net_input_bytes')],
      ['network_sent', 'bytes/s', each('total_net_output_bytes')],
    ],
    ratios:
      hits === undefined || lookups === undefined || lookups === 0
        ? undefined
        : { hit: hits / lookups, eviction: Math.min(1, (grown('evicted_keys') ?? 0) / lookups) },
    readMs,
  };
}

/** What the server took for one of them between two looks, in the mean; what has fallen was reset. */
function readMsOf(before: Reads, now: Reads): number | undefined {
  const calls = now.calls - before.calls;
  const tookUs = now.tookUs - before.tookUs;
  return calls <= 0 || tookUs < 0 ? undefined : tookUs / calls / 1000;
}

function gaugesOf(numbers: ReadonlyMap<string, number>): Figures {
  const used = numbers.get('used_memory');
  const limit = numbers.get('maxmemory') ?? 0;
  const clients = numbers.get('connected_clients');
  return [
    ['memory_bytes', 'bytes', used],
    ['memory_ratio', 'ratio', used === undefined || limit === 0 ? undefined : used / limit],
    // Our own is not counted.
    ['connections', 'count', clients === undefined ? undefined : clients - 1],
    ['cache_clients_blocked', 'count', numbers.get('blocked_clients')],
  ];
}

function cacheOf(
  { hit, eviction, readMs }: Ratios & { readonly readMs: number | undefined },
  { service, atMs }: { readonly service: string; readonly atMs: number },
): CacheReading {
  return {
    cacheType: 'redis',
    cacheKeyPattern: service,
    atMs,
    hitRatePercent: hit * 100,
    missRatePercent: (1 - hit) * 100,
    evictionRatePercent: eviction * 100,
    ...(readMs === undefined ? {} : { averageResponseTimeMs: readMs }),
  };
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'socket';
  const { hostname, port } = new URL(url);
  return `${hostname || 'socket'}:${port || 6379}`.slice(0, 100);
}
