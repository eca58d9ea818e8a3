import type { Server } from 'node:net';
import { type Clock, pause, systemClock, withTimeLimit } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import type { Drain, Unfinished } from './drain.ts';
import { httpDrain } from './http-drain.ts';
import { parseStop } from './options.ts';
import { type StopFailure, type StopReport, type StopStep, unfinishedNamedMax } from './stop-report.ts';

/** How an instance stops. Everything may be left out. */
export interface GracefulStopOptions {
  /** Says "not ready" from the first moment: what `createHealth` made. */
  readonly health?: { drain(): void };
  /** Whose connections are drained: of `node:http`, of Express' `listen()`, Fastify's `server`, Hono's `serve()`. */
  readonly servers?: readonly Server[];
  /** What else to bring to rest, all at the same time: WebSockets by `drainWebSockets`, workers by a function. */
  readonly drains?: Readonly<Record<string, Drain | Drain['drain']>>;
  /** What to close at the end, one after the other, as they are written here. */
  readonly closes?: Readonly<Record<string, () => unknown>>;
  /**
   * For how long it still takes requests while it says "not ready", in milliseconds: as long as balancers need to notice.
   * Default 0, for where nobody asks; the guide's balancers, every 10 seconds and 3 times, need 30,000.
   */
  readonly noticeMs?: number;
  /** How long requests, WebSockets and drains may then take, in milliseconds. Default 30,000; the guide says up to 60,000. */
  readonly graceMs?: number;
  /** For each of `closes`, in milliseconds. Default 5,000. */
  readonly closeMs?: number;
  /** How long a connection must have been silent to be closed without a word, in milliseconds. Default 250. */
  readonly quietMs?: number;
  /** Told of each of the five steps as it begins: for the log. */
  readonly onStep?: (step: StopStep) => void;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** An instance that knows how to stop. */
export interface GracefulStop {
  /** Drains this server as well. Call it before it listens: of connections that are there already it knows nothing. */
  watch(server: Server): void;
  /** Aborts when draining begins: for loops and event streams, which end themselves then. */
  readonly draining: AbortSignal;
  /** Stops in five steps. A second call gets the first one's report. Never rejects. @param reason for the report; `stop()` by default. */
  stop(reason?: string): Promise<StopReport>;
  /** Ends the grace of a stop under way: what is unfinished now is cut off. @param by what for. */
  force(by: string): void;
}

/**
 * Makes an instance that stops without failing a request:
 *
 *     1  asked        somebody calls `stop`, or a signal does
 *     2  not ready    health says so; answers say `Connection: close`; requests are still taken, for `noticeMs`
 *     3  draining     no new connections; those that rest are closed, event streams ended, WebSockets closed with 1001
 *     4  completing   what is under way gets `graceMs`; what is not done then is named, and cut off
 *     5  closing      what it holds open, in order
 *
 * @example
 * const graceful = createGracefulStop({ health, servers: [server], closes: { database: () => pool.end() } });
 * stopOnSignals(graceful);
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID
 */
export function createGracefulStop(options: GracefulStopOptions = {}): GracefulStop {
  const { drains: others, closes, noticeMs, graceMs, closeMs, quietMs } = parseStop(options);
  const { health, clock = systemClock, onStep } = options;
  const drains: Named[] = Array.from(others, ([name, drain]) => ({ name, drain }));
  const draining = new AbortController();
  const hurry = new AbortController();
  let stopping: Promise<StopReport> | undefined;
  const watch = (server: Server): void => {
    drains.push({ name: 'server', drain: httpDrain(server, { clock, quietMs }) });
  };
  for (const server of options.servers ?? []) watch(server);

  async function stopInSteps(reason: string): Promise<StopReport> {
    const startMs = clock.monotonicMs();
    const failures: StopFailure[] = [];
    const step = (each: StopStep): void => attempt({ name: 'onStep', failures }, () => onStep?.(each));
    step('asked');
    attempt({ name: 'health', failures }, () => health?.drain());
    for (const { name, drain } of drains) attempt({ name, failures }, () => drain.beginFarewell?.());
    step('not ready');
    if (noticeMs > 0) await pause(clock, noticeMs, hurry.signal);
    step('draining');
    const drainingMs = clock.monotonicMs();
    draining.abort();
    const completing = completeAll(drains, { clock, graceMs, hurry: hurry.signal });
    step('completing');
    const { unfinished, failures: ofDrains } = await completing;
    failures.push(...ofDrains);
    const closingMs = clock.monotonicMs();
    step('closing');
    failures.push(...(await closeAll(closes, { clock, closeMs })));
    return {
      reason,
      stepsMs: {
        'not ready': drainingMs - startMs,
        completing: closingMs - drainingMs,
        closing: clock.monotonicMs() - closingMs,
      },
      unfinishedCount: unfinished.length,
      unfinished: unfinished.slice(0, unfinishedNamedMax),
      failures,
      ...(hurry.signal.aborted ? { forcedBy: hurry.signal.reason as string } : {}),
    };
  }

  return {
    watch,
    draining: draining.signal,
    stop(reason = 'stop()') {
      stopping ??= stopInSteps(reason);
      return stopping;
    },
    force: (by) => hurry.abort(by),
  };
}

/** What a service has given us may fail. That is told, and stops no stop: what is open is still to be closed. */
function attempt<Value>(
  { name, failures }: { readonly name: string; readonly failures: StopFailure[] },
  work: () => Value,
): Value | undefined {
  try {
    return work();
  } catch (error) {
    failures.push({ name, error });
    return undefined;
  }
}

interface Named {
  readonly name: string;
  readonly drain: Drain;
}

interface Completed {
  readonly unfinished: readonly Unfinished[];
  readonly failures: StopFailure[];
}

/** Steps 3 and 4. All drains at once: which of them waits for which, nobody knows. */
async function completeAll(
  drains: readonly Named[],
  { clock, graceMs, hurry }: { readonly clock: Clock; readonly graceMs: number; readonly hurry: AbortSignal },
): Promise<Completed> {
  const failures: StopFailure[] = [];
  const open = new Set(drains);
  const startMs = clock.monotonicMs();
  const end = new AbortController();
  const ends = drains.map(async (named) => {
    try {
      await named.drain.drain(end.signal);
    } catch (error) {
      // After the end that is what the signal asked for, and it is named as unfinished.
      if (!end.signal.aborted) failures.push({ name: named.name, error });
    }
    if (!end.signal.aborted) open.delete(named);
  });
  const stopWaiting = new AbortController();
  const overdue = pause(clock, graceMs, AbortSignal.any([hurry, stopWaiting.signal]));
  await Promise.race([Promise.all(ends), overdue]);
  stopWaiting.abort();
  end.abort();
  const unfinished = drains.flatMap((named): readonly Unfinished[] => {
    const { name, drain } = named;
    if (drain.unfinished !== undefined) return attempt({ name, failures }, () => drain.unfinished?.()) ?? [];
    return open.has(named) ? [{ name, ageMs: clock.monotonicMs() - startMs }] : [];
  });
  for (const { name, drain } of drains) attempt({ name, failures }, () => drain.cut?.());
  return { unfinished, failures };
}

/** Step 5. One that fails or hangs does not keep the next one open. */
async function closeAll(
  closes: ReadonlyMap<string, () => unknown>,
  { clock, closeMs }: { readonly clock: Clock; readonly closeMs: number },
): Promise<StopFailure[]> {
  const failures: StopFailure[] = [];
  const never = new AbortController().signal;
  for (const [name, close] of closes) {
    const limited = await withTimeLimit({ clock, limitMs: closeMs, end: never }, async () => close());
    if (limited.kind === 'failed') failures.push({ name, error: limited.error });
    if (limited.kind === 'late') {
      const late = `Cannot close ${name}: it took longer than ${closeMs} ms, and was left open.`;
      failures.push({
        name,
        error: trafficError('TRAFFIC_CLOSE_OVERDUE', late, { facts: { name, closeMs } }),
      });
    }
  }
  return failures;
}
