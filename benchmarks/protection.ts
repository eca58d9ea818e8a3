/** What does it cost a call to be protected: breaker, bulkhead, time limit, retry and fallback around it? */
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
import { isLoadlineError } from 'loadline/base';
import { protect } from 'loadline/resilience';
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

/** Microseconds a call, of contenders that take turns. */
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
  const startMs = performance.now();
  for (let done = 0; done < count; done++) sum += await call();
  const endMs = performance.now();
  if (sum !== count) throw new Error(`A contender did not do its work: ${sum} of ${count}.`);
  return ((endMs - startMs) * 1000) / count;
}
