import { describe, expect, it } from 'vitest';
import type { LoadPlan, Stage } from '../../src/load/plan.ts';
import { plannedOf } from '../../src/load/planned.ts';
import { planWith, request, scenario, scripted, template, think } from '../simulation/simulate.ts';

const steady: Stage = { kind: 'arrivals', from: 50, to: 50, durationMs: 10_000 };

describe('the load that a plan asks for', () => {
  it.each<[string, Stage]>([
    ['50/s for 10 s', steady],
    ['50/s at random for 10 s', { ...steady, spacing: 'poisson' }],
    ['0.000278/s for 10 s', { ...steady, from: 1 / 3600, to: 1 / 3600 }],
    ['10/s to 50/s in 10 s', { ...steady, from: 10 }],
    ['1 user for 1 m', { kind: 'users', from: 1, to: 1, durationMs: 60_000 }],
    ['0 to 200 users in 1 m', { kind: 'users', from: 0, to: 200, durationMs: 60_000 }],
    [
      '1 user, 1 iteration each, in at most 1 m',
      { kind: 'iterations', users: 1, perUser: 1, durationMs: 60_000 },
    ],
    [
      '5 users, 10 iterations each, in at most 1 m',
      { kind: 'iterations', users: 5, perUser: 10, durationMs: 60_000 },
    ],
  ])('reads "%s"', (text, stage) => {
    expect(plannedOf(planWith({ stages: [stage] })).load).toEqual([text]);
  });

  it('names stages one after the other, and the loads that scenarios have of their own', () => {
    const plan = planWith({
      stages: [{ ...steady, from: 0, durationMs: 5000 }, steady],
      scenarios: [
        scenario('visit', []),
        { ...scenario('admin', []), stages: [{ ...steady, from: 1, to: 1 }] },
      ],
    });
    expect(plannedOf(plan).load).toEqual(['0/s to 50/s in 5 s, then 50/s for 10 s', 'admin: 1/s for 10 s']);
    const own = { ...plan, scenarios: plan.scenarios.slice(1) };
    expect(plannedOf(own).load).toEqual(['admin: 1/s for 10 s']);
  });
});

describe('the fingerprint of a plan', () => {
  const plan = planWith({});
  const of = (given: Partial<LoadPlan>): string => plannedOf({ ...plan, ...given }).fingerprint;
  const pause = (durationMs: number) => scenario('visit', [think(durationMs)]);

  it('is another where anything is that a user does', () => {
    const prints = [
      of({}),
      of({ scenarios: [pause(1)] }),
      of({ scenarios: [pause(2)] }),
      of({ scenarios: [{ ...pause(2), weight: 2 }] }),
      of({ scenarios: [scripted('visit', async (user) => void (await user.get('/a')))] }),
      of({ scenarios: [scripted('visit', async (user) => void (await user.get('/b')))] }),
      of({ limits: { ...plan.limits, usersMax: 7 } }),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('is the same for another target, seed or load, and whatever is judged by it', () => {
    const own = { ...pause(1), stages: [steady] };
    expect(of({ target: 'http://127.0.0.1:1', seed: 9, stages: [], thresholds: [] })).toBe(of({}));
    expect(of({ scenarios: [own] })).toBe(of({ scenarios: [pause(1)] }));
  });

  it('is the same whatever a secret is, so that nobody can guess it from there', () => {
    const secretly = (secret: string): string => {
      const headers = [{ name: 'authorization', value: template(`Bearer ${secret}`) }];
      return of({ secrets: [secret], scenarios: [scenario('visit', [request('/', { headers })])] });
    };
    expect(secretly('hunter22')).toBe(secretly('correct horse'));
  });
});
