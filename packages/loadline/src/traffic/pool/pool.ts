import { type Clock, type Field, formatDuration, parse, show } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import { optionsError } from '../options-error.ts';
import { checkUpstream, upstreamsMax } from '../parse-upstreams.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { Upstream } from '../upstream.ts';
import { Lane, type LaneMeans } from './lane.ts';
import { type Left, PoolMember } from './member.ts';
import { isUp, restOf, type StrangerPolicy } from './plan.ts';
import { type PoolStatus, statusOf } from './status.ts';

/** Which proxies, and how closely they are followed. */
export interface PoolOptions {
  readonly clock: Clock;
  /** One at least. Every one of them gets every upstream. They belong to whoever made them. */
  readonly drivers: readonly ProxyDriver[];
  /** Between two looks at a proxy where nothing is under way. Default 5,000. */
  readonly intervalMs?: number;
  /** Between two looks while somebody waits for it. Default 100; twice as long after each failure, up to the interval. */
  readonly settleMs?: number;
  /** How long a change waits for others to come, so that they are told together. Default 0. */
  readonly batchMs?: number;
  /** For each question to a proxy. Default 10,000. */
  readonly callTimeoutMs?: number;
  /**
   * A proxy that has not answered for so long is not waited for by those that leave: it sends them what it sends them, whoever
   * waits. Default 5,000.
   */
  readonly awayMs?: number;
  /**
   * What becomes of those that a proxy has and nobody has asked for here: they are let be for `keepMs`, by default 60,000, and
   * then have `graceMs`, by default 30,000, to end what they have. Where no upstream of the pool is up, they stay.
   */
  readonly strangers?: Partial<StrangerPolicy>;
}

/**
 * Keeps proxies in step with who is to get requests. Whoever opened it closes it; then every proxy goes on with what it has.
 */
export interface Pool extends AsyncDisposable {
  /**
   * Puts an upstream into every proxy, and resolves when all of them send requests to it. One that is there already may be
   * given another weight so, or another address: the one at the old address is taken to be dead. Where the signal aborts,
   * only the waiting ends; `leave` takes it out again.
   *
   * @throws LoadlineError TRAFFIC_UPSTREAM_INVALID, TRAFFIC_POOL_FULL, TRAFFIC_SUPERSEDED, TRAFFIC_POOL_CLOSED.
   */
  join(upstream: Upstream, signal?: AbortSignal): Promise<void>;
  /**
   * Takes an upstream out: it gets nothing new, has `graceMs` to end what it has, and leaves every proxy. When this
   * resolves with `drained`, nothing is in flight to it any more and nothing will come; with `unverified`, a proxy is away
   * and the others say so. One that is not there has left.
   *
   * @throws LoadlineError TRAFFIC_SUPERSEDED, TRAFFIC_POOL_CLOSED.
   */
  leave(id: string, options: { readonly graceMs: number }, signal?: AbortSignal): Promise<Left>;
  /** How the proxies and their upstreams stand, as far as was seen last. */
  status(): PoolStatus;
  /** Ends the rounds; whoever waits is refused. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a pool of at most 10,000 upstreams, and begins to look at its proxies.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID where there is no proxy, an option that is not known, or a time that is none.
 */
export function openPool(options: PoolOptions): Pool {
  const { clock, drivers, awayMs = 5000 } = options;
  checkOptions(options);
  const closing = new AbortController();
  const members = new Map<string, PoolMember>();
  const isAwaited = (): boolean => [...members.values()].some((member) => member.isAwaited);
  const means = meansOf(options, { members, isAwaited, onSeen: evaluate, closed: closing.signal });
  const lanes = drivers.map((driver) => new Lane(driver, means));

  /** Tells those who wait how far it has come; called whenever a proxy was looked at. */
  function evaluate(): void {
    for (const member of members.values()) {
      if (!member.isAwaited) continue;
      const { id } = member.upstream;
      const views = lanes.map(({ view }, index) => member.viewSince(index, view));
      if (!member.isLeaving) {
        const isIn = lanes.every(
          (lane, index) => member.isTold(index, lane) && isUp(member.upstream, views[index]?.get(id)),
        );
        if (isIn) member.arrive();
        continue;
      }
      const rest = restOf(id, views);
      if (rest.kind === 'none') release(member, { kind: 'drained' });
      else if (member.isOverdue(clock.monotonicMs())) {
        release(member, { kind: 'overdue', inFlight: rest.inFlight });
      } else spareWaiters(member, views);
    }
  }

  /** A proxy that is away cannot be drained, and goes on sending: whoever waits for it only keeps the instance there for that. */
  function spareWaiters(member: PoolMember, views: Parameters<typeof restOf>[1]): void {
    const away = lanes.filter((lane) => member.misses(lane, awayMs));
    if (away.length === 0) return;
    const others = views.filter((_, index) => !away.includes(lanes[index] as Lane));
    if (restOf(member.upstream.id, others).kind !== 'none') return;
    member.letWaitersGo({ kind: 'unverified', because: whyAway(away, awayMs) });
  }

  function release(member: PoolMember, left: Left): void {
    const { id } = member.upstream;
    members.delete(id);
    for (const lane of lanes) {
      lane.release(id);
      lane.poke();
    }
    member.depart(left);
  }

  function poke(): number[] {
    for (const lane of lanes) lane.poke();
    return lanes.map(({ looks }) => looks);
  }

  /** One that a proxy has and nobody has asked for here; undefined where none has it, as far as they tell. */
  function findStranger(id: string): Upstream | undefined {
    const seen = lanes.map(({ view }) => view?.byId.get(id)).find((each) => each !== undefined);
    return seen === undefined ? undefined : { id, host: seen.host, port: seen.port };
  }

  const pool: Pool = {
    async join(upstream, signal) {
      assertOpen(closing.signal);
      signal?.throwIfAborted();
      checkUpstream(upstream);
      const { id } = upstream;
      let member = members.get(id);
      if (member === undefined) {
        if (members.size >= upstreamsMax) throw full();
        member = new PoolMember(upstream, clock);
        members.set(id, member);
        for (const lane of lanes) lane.reclaim(id);
      }
      member.serve(upstream, poke());
      await member.whenUp(signal);
    },
    async leave(id, { graceMs }, signal) {
      assertOpen(closing.signal);
      signal?.throwIfAborted();
      let member = members.get(id);
      if (member === undefined) {
        const stranger = findStranger(id);
        if (stranger === undefined) return { kind: 'drained' };
        member = new PoolMember(stranger, clock);
        members.set(id, member);
      }
      member.drain({ looks: poke(), graceMs, awayMs, onDue: evaluate });
      return member.whenGone(signal);
    },
    status: () => statusOf(members, lanes),
    async close() {
      closing.abort();
      for (const member of members.values()) member.refuse(closedError());
      await Promise.all(lanes.map((lane) => lane.close()));
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
  return pool;
}

/** One that is misspelt would be the default, without a word, and one that is no time would have it look without end. */
function checkOptions(options: PoolOptions): void {
  const parsed = parse(options, (root) => {
    const pool = root.object(optionNames);
    checkProxies(pool.required('drivers'));
    for (const name of ['intervalMs', 'settleMs', 'callTimeoutMs'] as const)
      pool.optional(name)?.number({ above: 0 });
    for (const name of ['batchMs', 'awayMs'] as const) pool.optional(name)?.number({ atLeast: 0 });
    const strangers = pool.optional('strangers')?.object(['keepMs', 'graceMs']);
    for (const name of ['keepMs', 'graceMs'] as const) strangers?.optional(name)?.number({ atLeast: 0 });
  });
  if (!parsed.ok) throw optionsError('open a pool', parsed.problems);
}

const optionNames = [
  'clock',
  'drivers',
  'intervalMs',
  'settleMs',
  'batchMs',
  'callTimeoutMs',
  'awayMs',
  'strangers',
] as const;

/** Without one nobody could be up, and none would be looked at: who joins would wait for ever. */
function checkProxies(drivers: Field): void {
  const { value } = drivers;
  if (Array.isArray(value) && value.length > 0) return;
  drivers.problem(`must be a list of at least one proxy, got ${show(value)}`);
}

function meansOf(
  { clock, intervalMs = 5000, settleMs = 100, batchMs = 0, callTimeoutMs = 10_000, strangers }: PoolOptions,
  own: Pick<LaneMeans, 'members' | 'isAwaited' | 'onSeen' | 'closed'>,
): LaneMeans {
  const { keepMs = 60_000, graceMs = 30_000 } = strangers ?? {};
  return { clock, intervalMs, settleMs, batchMs, callTimeoutMs, strangers: { keepMs, graceMs }, ...own };
}

function whyAway(away: readonly Lane[], awayMs: number): string {
  return `${away.map(({ driver }) => driver.name).join(' and ')} gave no answer for ${formatDuration(awayMs)}`;
}

function assertOpen(closed: AbortSignal): void {
  if (closed.aborted) throw closedError();
}

function closedError(): Error {
  return trafficError(
    'TRAFFIC_POOL_CLOSED',
    'Cannot change who gets requests: the pool was closed, and its proxies go on with what they have.',
  );
}

function full(): Error {
  return trafficError(
    'TRAFFIC_POOL_FULL',
    `Cannot take in another upstream: there are ${upstreamsMax} already. Let others leave first.`,
    { facts: { upstreamsMax } },
  );
}
