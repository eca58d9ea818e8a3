/** What does it cost a call to be protected, and a request to be let in? */
import {
  BrokenCircuitError,
  bulkhead,
  type CircuitBreakerPolicy,
  circuitBreaker,
  ExponentialBackoff,
  fallback,
  handleAll,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { isLoadlineError, systemClock } from 'loadline/base';
import { createConcurrencyLimiter, createLocalRateLimit, protect } from 'loadline/resilience';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { type BenchOptions, type Figure, figureOf, type Row, rowOf } from './harness.ts';

/** What the issue asks for. */
const targetUs = 3;

type Call = () => Promise<number>;

/**
 * Contenders take turns, each in a loop of its own that awaits one call after the other, as a request handler does. The work is
 * an async function that returns at once; alone, it is a contender of its own, so that what awaiting costs is seen.
 */
export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const figures = await timeCalls(
    {
      bare: createBareCall(),
      ours: createOurCall(),
      'ours, with its signal': createOurCall(true),
      cockatiel: createCockatielCall(true),
      'cockatiel, no time limit': createCockatielCall(false),
      'ours, refused': createOurRefusal(),
      'cockatiel, refused': await createCockatielRefusal(),
      'our door': createOurDoor(),
      'their rate limit': createTheirRateLimit(),
      'our door and call': createOurRequest(),
    },
    options,
  );
  const us = (name: keyof typeof figures): { value: number; spread: number } => ({
    value: figures[name].median,
    spread: figures[name].spread,
  });
  const beside = (rival: keyof typeof figures): { rival: string; rivalValue: number } => ({
    rival,
    rivalValue: figures[rival].median,
  });
  return [
    rowOf({ name: 'a call without protection', unit: 'µs', ...us('bare') }),
    rowOf(
      { name: 'a protected call', unit: 'µs', ...us('ours') },
      { ...beside('cockatiel'), target: `under ${targetUs} µs`, met: figures.ours.median < targetUs },
    ),
    rowOf(
      { name: 'a protected call that hands its signal on', unit: 'µs', ...us('ours, with its signal') },
      {
        ...beside('cockatiel'),
        target: `under ${targetUs} µs`,
        met: figures['ours, with its signal'].median < targetUs,
      },
    ),
    rowOf(
      { name: 'a protected call', unit: 'µs', ...us('ours') },
      { rival: 'cockatiel without its time limit', rivalValue: figures['cockatiel, no time limit'].median },
    ),
    rowOf(
      { name: 'a call that is refused', unit: 'µs', ...us('ours, refused') },
      beside('cockatiel, refused'),
    ),
    rowOf(
      { name: 'a request at the door: rate by key, and concurrency', unit: 'µs', ...us('our door') },
      {
        rival: 'rate-limiter-flexible in memory, the rate alone',
        rivalValue: figures['their rate limit'].median,
      },
    ),
    rowOf(
      { name: 'a request at the door, with one protected call', unit: 'µs', ...us('our door and call') },
      { target: `under ${targetUs} µs`, met: figures['our door and call'].median < targetUs },
    ),
  ];
}

const work: Call = async () => 1;

function createBareCall(): Call {
  return () => work();
}

function createOurCall(usesSignal = false): Call {
  const calls = protect({
    timeLimitMs: 1000,
    breaker: { slowMs: 500 },
    bulkhead: { concurrencyMax: 100, queueMax: 100 },
    retry: { isSafe: () => true },
  });
  const options = { fallback: () => 0 };
  if (!usesSignal) return () => calls.run(work, options);
  return () => calls.run(async ({ signal }) => (signal.aborted ? 0 : 1), options);
}

function createCockatielCall(hasTimeLimit: boolean): Call {
  const policies = [
    fallback(handleAll, 0),
    retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    createCockatielBreaker(),
    bulkhead(100, 100),
  ] as const;
  const policy = hasTimeLimit
    ? wrap(...policies, timeout(1000, TimeoutStrategy.Aggressive))
    : wrap(...policies);
  return () => policy.execute(work);
}

function createCockatielBreaker(): CircuitBreakerPolicy {
  return circuitBreaker(handleAll, {
    halfOpenAfter: 3_600_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1 }),
  });
}

/** Clients that come again and again; each may more than it asks for. */
const keys: readonly string[] = Array.from({ length: 1000 }, (_, index) => `client-${index}`);

function createOurDoor(): Call {
  const rate = createLocalRateLimit({ ratePerSecond: 1e9, burst: 1e9 }, { clock: systemClock });
  const limiter = createConcurrencyLimiter();
  let next = 0;
  return async () => {
    if (!rate.take(keys[next++ % keys.length] as string).allowed) return Number.NaN;
    const place = limiter.enter('normal');
    if (place === undefined) return Number.NaN;
    place.leave('done');
    return 1;
  };
}

function createTheirRateLimit(): Call {
  const limiter = new RateLimiterMemory({ points: 1e9, duration: 3600 });
  let next = 0;
  return async () => {
    await limiter.consume(keys[next++ % keys.length] as string);
    return 1;
  };
}

function createOurRequest(): Call {
  const [door, call] = [createOurDoor(), createOurCall(true)];
  return async () => ((await door()) === 1 ? call() : Number.NaN);
}

function createOurRefusal(): Call {
  const hourMs = 3_600_000;
  const calls = protect({ breaker: { callsMin: 1, openMs: hourMs, openMsMax: hourMs } });
  void calls.run(fail).catch(() => undefined);
  return () => calls.run(work).catch((error: unknown) => (isLoadlineError(error) ? 1 : Number.NaN));
}

async function createCockatielRefusal(): Promise<Call> {
  const breaker = createCockatielBreaker();
  for (let call = 0; call < 20; call++) await breaker.execute(fail).catch(() => undefined);
  return () =>
    breaker.execute(work).catch((error: unknown) => (error instanceof BrokenCircuitError ? 1 : Number.NaN));
}

async function fail(): Promise<number> {
  throw new Error('planted');
}

/** Microseconds of CPU time a call, of contenders that take turns: wall time would be that of the machine. */
async function timeCalls<Name extends string>(
  calls: Readonly<Record<Name, Call>>,
  { short }: BenchOptions,
): Promise<Readonly<Record<Name, Figure>>> {
  const [rounds, count] = short ? [5, 20_000] : [21, 50_000];
  const names = Object.keys(calls) as Name[];
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (const name of names) await timeOne(calls[name], count);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length] as Name;
      samples.get(name)?.push(await timeOne(calls[name], count));
    }
  const entries = names.map((name) => [name, figureOf(samples.get(name) as number[])] as const);
  return Object.fromEntries(entries) as Record<Name, Figure>;
}

async function timeOne(call: Call, count: number): Promise<number> {
  let sum = 0;
  const before = process.cpuUsage();
  for (let done = 0; done < count; done++) sum += await call();
  const { user, system } = process.cpuUsage(before);
  if (sum !== count) throw new Error(`A contender did not do its work: ${sum} of ${count}.`);
  return (user + system) / count;
}
