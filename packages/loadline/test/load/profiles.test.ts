import { describe, expect, it } from 'vitest';
import { findProfile, profileNames } from '../../src/load/profiles.ts';
import { readPlan, refusal } from './file/files.ts';

describe('profiles', () => {
  it('are known by every name of the documents, with the figures of each', () => {
    const figures = profileNames().map((name) => {
      const profile = findProfile(name);
      const last = profile?.stages.at(-1);
      const minutes = (profile?.stages.reduce((sum, stage) => sum + stage.durationMs, 0) ?? 0) / 60_000;
      return [name, last?.kind, last?.kind === 'iterations' ? 0 : last?.to, minutes];
    });
    expect(Object.fromEntries(figures.map(([name, ...rest]) => [name, rest]))).toEqual({
      daily_peak: ['users', 5000, 30],
      viral_growth: ['users', 50_000, 60],
      sustained_growth: ['users', 15_000, 180],
      'enterprise/baseline': ['users', 1000, 10],
      'enterprise/stress': ['users', 5000, 15],
      'enterprise/spike': ['users', 10_000, 5],
      'enterprise/endurance': ['users', 1000, 120],
      'enterprise/volume': ['users', 50, 15],
      'guide/baseline': ['arrivals', 1000, 10],
      'guide/peak': ['arrivals', 5000, 15],
      'guide/stress': ['arrivals', 10_000, 15],
      'guide/spike': ['arrivals', 5000, 5],
      'guide/endurance': ['arrivals', 5000, 120],
      baseline: ['arrivals', 1000, 10],
      peak: ['arrivals', 5000, 15],
      stress: ['arrivals', 10_000, 15],
      spike: ['users', 10_000, 5],
      endurance: ['arrivals', 5000, 120],
      volume: ['users', 50, 15],
      wedding_day: ['users', 50_000, 60],
    });
    for (const name of profileNames()) expect(findProfile(name)?.note).toMatch(/^\p{Lu}|^\d/u);
    expect(findProfile('toString')).toBeUndefined();
  });

  const yaml = `target: http://127.0.0.1:1
scenarios:
  read: { weight: 3, steps: [{ get: /a }] }
  wait: { steps: [{ get: /b }, { think: 3s }] }
tests: { stress: { load: [{ hold: { users: 2, for: 1s } }] } }
`;

  it('are the load of any file that has no test of that name', async () => {
    const own = await readPlan(yaml, { profile: 'stress' });
    expect(own.stages).toMatchObject([{ kind: 'users', to: 2 }]);
    const guide = await readPlan(yaml, { profile: 'guide/stress', scale: 0.01 });
    expect([guide.name, guide.stages.at(-1)]).toEqual([
      'guide/stress',
      { kind: 'arrivals', from: 100, to: 100, durationMs: 600_000 },
    ]);
  });

  it('pause in scenarios that do not, and not in others', async () => {
    const { scenarios } = await readPlan(yaml, { profile: 'enterprise/stress' });
    expect(scenarios.map(({ steps }) => steps.slice(1))).toEqual([
      [{ kind: 'think', think: { kind: 'fixed', durationMs: 500 } }],
      [{ kind: 'think', think: { kind: 'fixed', durationMs: 3000 } }],
    ]);
  });

  it('judge by their own targets where the file has none', async () => {
    const texts = async (file: string): Promise<string[]> =>
      (await readPlan(file, { profile: 'peak' })).thresholds.map(({ text }) => text);
    expect(await texts(yaml)).toEqual([
      'latency: p50 < 100ms',
      'latency: p95 < 200ms',
      'latency: p99 < 500ms',
      'latency: p99.9 < 1s',
    ]);
    expect(await texts(`${yaml}thresholds: { errors: ratio < 1% }\n`)).toEqual(['errors: ratio < 1%']);
  });

  it('are named where one was probably meant', async () => {
    expect((await refusal(yaml, { profile: 'daily_pek' })).problems).toEqual([
      'profile names no test of the file: "daily_pek"; did you mean daily_peak?',
    ]);
  });
});
