import { readFileSync } from 'node:fs';
import { createVirtualClock } from 'loadline/base';
import { parsePrometheus } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { createProfilers } from '../../src/profiling/index.ts';
import type { ServiceDescription } from '../../src/scaling/index.ts';
import { type Plane, startPlane, until } from '../plane.ts';
import { FakeProfiler, noSnapshots } from '../profiling/fake-profiler.ts';

const shop: ServiceDescription = {
  name: 'shop',
  command: { command: 'node', environment: {} },
  policy: { replicas: { min: 2, max: 4 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } },
};

/** By name and labels: `loadline_tests{state=queued}`. */
async function shown(plane: Plane): Promise<ReadonlyMap<string, number>> {
  const { families } = parsePrometheus((await plane.ask('viewer', 'GET', '/metrics')).text);
  return new Map(
    [...families.values()].flatMap(({ samples }) =>
      samples.map(({ name, labels, value }): [string, number] => {
        const pairs = [...labels].map(([label, of]) => `${label}=${of}`);
        return [`${name}{${pairs.join()}}`, value];
      }),
    ),
  );
}

describe('what the control plane shows of itself', () => {
  it('is what scaling decides, and how large its groups are', async () => {
    await using plane = await startPlane({ configuration: { services: [shop] } });
    await plane.clock.advance(31_000);
    const values = await shown(plane);
    expect(values.get('loadline_scaling_decisions_total{group=shop,action=scale out}')).toBe(1);
    expect(values.get('loadline_scaling_decisions_total{group=shop,action=hold}')).toBeGreaterThan(0);
    expect(values.get('loadline_scaling_instances{group=shop,state=wanted}')).toBe(2);
    expect(values.get('loadline_scaling_instances{group=shop,state=ready}')).toBe(2);
    const unread = 'loadline_scaling_failures_total{group=shop,reason=the step was not taken}';
    expect(values.get(unread)).toBe(0);
  });

  it('is how many profiles are taken, and what became of them', async () => {
    const clock = createVirtualClock();
    const own = { profiler: new FakeProfiler(clock), snapshots: noSnapshots };
    const profilers = { ...createProfilers(clock, undefined), own };
    await using plane = await startPlane({ clock, profilers });
    const body = { instance: 'control-plane', kind: 'cpu', durationMs: 1000 };
    await plane.ask('operator', 'POST', '/performance/profiling/start', { body });
    expect((await shown(plane)).get('loadline_profiling_sessions_running{}')).toBe(1);
    await clock.advance(2000);
    const ended = 'loadline_profiling_sessions_total{kind=cpu,state=finished}';
    const values = await until(
      () => shown(plane),
      (found) => found.get(ended) === 1 && found.get('loadline_profiling_sessions_running{}') === 0,
    );
    expect(values.get('loadline_profiling_kept_bytes{}')).toBeGreaterThan(100);
  });

  it('is how long recommendations take', async () => {
    await using plane = await startPlane();
    await plane.ask('viewer', 'GET', '/performance/recommendations');
    expect((await shown(plane)).get('loadline_recommendations_duration_seconds_count{}')).toBe(1);
  });

  it('is in the reference', async () => {
    await using plane = await startPlane({ configuration: { services: [shop] } });
    const page = readFileSync(new URL('../../../../docs/reference/http.md', import.meta.url), 'utf8');
    const { text } = await plane.ask('viewer', 'GET', '/metrics');
    const names = [...text.matchAll(/^# TYPE (loadline_\w+) /gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(30);
    // Several of one beginning share a row: `loadline_collected_samples_total`, `…_lost_total`.
    const isNamed = (name: string): boolean =>
      page.includes(`\`${name}\``) ||
      [...page.matchAll(/`…(_\w+)`/g)].some(([, end]) => name.endsWith(end as string));
    expect(names.filter((name) => !isNamed(name))).toEqual([]);
  });
});
