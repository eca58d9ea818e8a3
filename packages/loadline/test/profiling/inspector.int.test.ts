import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { createInspectorProfiler, encodeProfile, topFunctions } from 'loadline/profiling';
import { describe, expect, it } from 'vitest';

/** Uses the processor for about so long. */
function plantedHotFunction(forMs: number): number {
  const end = performance.now() + forMs;
  let sum = 0;
  while (performance.now() < end) for (let at = 0; at < 10_000; at++) sum += Math.sqrt(at);
  return sum;
}

const leaked: object[] = [];
function plantedLeak(count: number): void {
  for (let at = 0; at < count; at++) leaked.push({ at, of: [`order ${at}`] });
}

let garbage: unknown;
function plantedGarbage(count: number): void {
  for (let at = 0; at < count; at++) garbage = { at, of: [`basket ${at}`] };
  garbage = undefined;
}

describe('a profile of this process', () => {
  it('names the planted hot function first', async () => {
    await using profiler = createInspectorProfiler();
    await profiler.start({ kind: 'cpu', samplingIntervalUs: 500 });
    plantedHotFunction(300);
    const { id, overhead } = await profiler.stop();
    const { functions } = topFunctions((await profiler.profile(id)).profile);
    expect(functions[0]).toMatchObject({
      name: 'plantedHotFunction',
      location: expect.stringMatching(/inspector\.int\.test\.ts:\d+$/),
    });
    expect(functions[0]?.selfShare).toBeGreaterThan(0.5);
    expect(overhead?.startStopCpuMs).toBeGreaterThan(0);
  });

  it('names the planted leak first, and nobody for what was thrown away', async () => {
    await using profiler = createInspectorProfiler();
    await profiler.start({ kind: 'heap', samplingBytes: 16_384 });
    plantedLeak(50_000);
    plantedGarbage(50_000);
    const { id } = await profiler.stop();
    const { functions } = topFunctions((await profiler.profile(id)).profile);
    expect(leaked.length + (garbage === undefined ? 0 : 1)).toBe(50_000);
    expect(functions[0]?.name).toBe('plantedLeak');
    const wasted = functions.find(({ name }) => name === 'plantedGarbage');
    expect(wasted?.selfShare ?? 0).toBeLessThan(0.05);
  });

  it('can be had as files that browsers read, and again after it', async () => {
    await using profiler = createInspectorProfiler();
    for (const kind of ['cpu', 'heap'] as const) {
      await profiler.start({ kind });
      plantedHotFunction(20);
      const { id } = await profiler.stop();
      const { fileName, body } = encodeProfile(await profiler.profile(id), 'v8');
      expect(fileName).toBe(`${kind}-${id}.${kind}profile`);
      expect(Object.keys(JSON.parse(body as string))).toContain(kind === 'cpu' ? 'timeDeltas' : 'head');
    }
  });

  it('leaves nothing running where it was aborted', async () => {
    await using profiler = createInspectorProfiler();
    const ending = new AbortController();
    await profiler.start({ kind: 'cpu' }, ending.signal);
    ending.abort();
    await expect.poll(async () => (await profiler.sessions())[0]?.state).toBe('aborted');
    await profiler.start({ kind: 'cpu' });
    expect((await profiler.stop()).state).toBe('finished');
  });
});

it('a heap snapshot of a small process is streamed as JSON', async () => {
  const code = `
    import { createHeapSnapshots, snapshotWish } from 'loadline/profiling';
    createHeapSnapshots().open(snapshotWish).pipe(process.stdout);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
  });
  const snapshot = JSON.parse(await text(child.stdout)) as { snapshot: { node_count: number } };
  expect(snapshot.snapshot.node_count).toBeGreaterThan(1000);
});
