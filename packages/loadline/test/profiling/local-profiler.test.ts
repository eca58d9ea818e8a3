import { createVirtualClock, type VirtualClock } from 'loadline/base';
import type { Profiler } from 'loadline/profiling';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/profiling/engine.ts';
import { createLocalProfiler } from '../../src/profiling/local-profiler.ts';
import { cpuProfile } from './profiles.ts';

const planted = cpuProfile({ main: {} }, ['main']);

describe('a session', () => {
  let clock: VirtualClock;
  let engine: Engine & { readonly log: string[]; problem: Error | undefined };
  let profiler: Profiler;

  beforeEach(() => {
    clock = createVirtualClock();
    const log: string[] = [];
    engine = {
      log,
      problem: undefined,
      async start({ kind }) {
        log.push(`start ${kind}`);
        return {
          async stop() {
            log.push('stop');
            if (engine.problem !== undefined) throw engine.problem;
            return planted;
          },
          async discard() {
            log.push('discard');
          },
        };
      },
    };
    let count = 0;
    let cpuUs = 0;
    const readCpuUs = (): number => (cpuUs += 500);
    profiler = createLocalProfiler(engine, { clock, readCpuUs, newId: () => `s${++count}` });
  });

  const states = async (): Promise<unknown> =>
    (await profiler.sessions()).map(({ id, state }) => `${id} ${state}`);

  it('ends by itself after its duration, and keeps its profile', async () => {
    await profiler.start({ kind: 'cpu', durationMs: 2000 });
    await clock.advance(1999);
    expect(await states()).toEqual(['s1 running']);
    await clock.advance(1);
    expect(await states()).toEqual(['s1 finished']);
    const { session, profile } = await profiler.profile('s1');
    expect(profile).toBe(planted);
    expect(session).toMatchObject({ measuredMs: 2000, durationMs: 2000, overhead: { startStopCpuMs: 1 } });
  });

  it('ends early when it is stopped, once, whoever else asks', async () => {
    await profiler.start({ kind: 'heap' });
    await clock.advance(300);
    const [one, other] = await Promise.all([profiler.stop(), profiler.stop()]);
    expect([one?.measuredMs, other]).toEqual([300, one]);
    expect(engine.log).toEqual(['start heap', 'stop']);
    expect(clock.pending).toBe(0);
  });

  it('is the only one: a second start is refused, also while the first is starting', async () => {
    const starts = await Promise.allSettled([
      profiler.start({ kind: 'cpu' }),
      profiler.start({ kind: 'cpu' }),
    ]);
    expect(starts.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(profiler.start({ kind: 'cpu' })).rejects.toMatchObject({
      code: 'PROFILING_BUSY',
      facts: { id: 's1' },
    });
    await profiler.stop();
    await profiler.start({ kind: 'cpu' });
  });

  it('cannot be stopped where none runs', async () => {
    await expect(profiler.stop()).rejects.toMatchObject({ code: 'PROFILING_NOT_RUNNING' });
    await profiler.start({ kind: 'cpu' });
    await profiler.stop();
    await expect(profiler.stop()).rejects.toMatchObject({ code: 'PROFILING_NOT_RUNNING' });
  });

  it('is aborted by its signal, and then has no profile', async () => {
    const ending = new AbortController();
    await profiler.start({ kind: 'cpu' }, ending.signal);
    ending.abort();
    await clock.advance(0);
    expect(engine.log).toEqual(['start cpu', 'discard']);
    expect(await states()).toEqual(['s1 aborted']);
    await expect(profiler.profile('s1')).rejects.toMatchObject({ code: 'PROFILING_NO_PROFILE' });
    expect(clock.pending).toBe(0);
  });

  it('does not start where its signal has aborted already', async () => {
    await expect(profiler.start({ kind: 'cpu' }, AbortSignal.abort())).rejects.toThrow();
    expect(engine.log).toEqual([]);
    await profiler.start({ kind: 'cpu' });
  });

  it('has failed where the engine gives no profile, and the next one can start', async () => {
    engine.problem = new Error('no samples');
    await profiler.start({ kind: 'cpu' });
    await expect(profiler.stop()).rejects.toMatchObject({ code: 'PROFILING_FAILED' });
    expect((await profiler.sessions())[0]).toMatchObject({ state: 'failed', problem: 'no samples' });
    await profiler.start({ kind: 'cpu' });
  });

  it('has failed to start where the engine refuses, and the next one can start', async () => {
    const { start } = engine;
    engine.start = async () => Promise.reject(new Error('another debugger'));
    await expect(profiler.start({ kind: 'cpu' })).rejects.toMatchObject({ code: 'PROFILING_FAILED' });
    engine.start = start;
    await profiler.start({ kind: 'cpu' });
  });

  it('is remembered until five others have ended', async () => {
    for (let count = 0; count < 6; count++) {
      await profiler.start({ kind: 'cpu' });
      await profiler.stop();
    }
    expect(await states()).toEqual(['s6', 's5', 's4', 's3', 's2'].map((id) => `${id} finished`));
    await expect(profiler.profile('s1')).rejects.toMatchObject({ code: 'PROFILING_SESSION_UNKNOWN' });
  });

  it('is aborted when the profiler is closed, and no other starts', async () => {
    await profiler.start({ kind: 'cpu' });
    await profiler.close();
    expect(engine.log).toEqual(['start cpu', 'discard']);
    await expect(profiler.start({ kind: 'cpu' })).rejects.toMatchObject({ code: 'PROFILING_CLOSED' });
  });

  it.each([
    [{ kind: 'wall' }, 'kind must be one of cpu, heap'],
    [{}, 'kind must be one of cpu, heap, got nothing'],
    [{ kind: 'cpu', durationMs: 1e9 }, 'durationMs must be'],
    [{ kind: 'cpu', durationMs: 600_000, samplingIntervalUs: 100 }, 'at most 1000000 samples'],
    [{ kind: 'heap', samplingBytes: 1 }, 'samplingBytes must be'],
    [{ kind: 'cpu', samplingInterval: 5 }, 'did you mean samplingIntervalUs?'],
  ])('is refused with options like %j', async (options, found) => {
    await expect(profiler.start(options as never)).rejects.toMatchObject({
      code: 'PROFILING_OPTIONS_INVALID',
      message: expect.stringContaining(found),
    });
  });
});
