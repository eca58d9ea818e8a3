import type { LoadPlan, LoadReport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { judgeProbe } from '../../../src/load/limit/judge-probe.ts';
import { threshold } from '../../cli/reports.ts';
import { answerAfter, planWith, request, scenario, simulate, think } from '../../simulation/simulate.ts';
import { slots } from './slots.ts';

/** The report of ten seconds of arrivals at this rate. */
async function reportAt(
  ratePerSecond: number,
  answer: Parameters<typeof simulate>[1] = {},
  given: Partial<LoadPlan> = {},
): Promise<LoadReport> {
  const stage = { kind: 'arrivals' as const, from: ratePerSecond, to: ratePerSecond, durationMs: 10_000 };
  const { report } = await simulate(planWith({ stages: [stage], ...given }), answer);
  return report;
}

const limits = { requestTimeoutMs: 5000, usersMax: 1000, gracefulStopMs: 6000 };

describe('judgeProbe()', () => {
  it('says met where the thresholds hold and the target keeps up', async () => {
    const report = await reportAt(38, { answer: slots(4, 100) });
    expect(judgeProbe(report, 38)).toMatchObject({ outcome: 'met', reasons: [] });
    expect(judgeProbe(report, 38).keptUpRatio).toBeCloseTo(1, 1);
  });

  it('says missed with the thresholds that failed', async () => {
    const thresholds = [threshold('latency', 'p95 < 50ms')];
    const report = await reportAt(10, { answer: () => answerAfter(100) }, { thresholds });
    expect(judgeProbe(report, 10)).toMatchObject({
      outcome: 'missed',
      reasons: ['latency: p95 < 50ms, got 100 ms'],
    });
  });

  it('says missed where the target falls behind, whatever its thresholds say', async () => {
    // Four slots of 100 ms: of 50 that come a second, 40 are answered.
    const report = await reportAt(50, { answer: slots(4, 100) });
    expect(report.verdict.status).toBe('passed');
    const { outcome, reasons, keptUpRatio } = judgeProbe(report, 50);
    expect(outcome).toBe('missed');
    expect(reasons.join()).toMatch(/^the target kept up with (79|80|81) % of the arrivals$/);
    expect(keptUpRatio).toBeCloseTo(0.8, 1);
  });

  it('does not take long answers and pauses for falling behind', async () => {
    const scenarios = [scenario('visit', [request('/a'), think(1500), request('/b')])];
    const report = await reportAt(40, { answer: () => answerAfter(1200) }, { scenarios });
    expect(judgeProbe(report, 40)).toMatchObject({ outcome: 'met', keptUpRatio: 1 });
  });

  it('says missed where arrivals were dropped, or waited for a free user', async () => {
    const few = { ...limits, usersMax: 2, requestTimeoutMs: 300 };
    const dropped = await reportAt(40, { answer: () => answerAfter(100) }, { limits: few });
    expect(judgeProbe(dropped, 40)).toMatchObject({ outcome: 'missed' });
    expect(judgeProbe(dropped, 40).reasons.join()).toMatch(/\d+ arrivals were dropped/);
    const patient = { ...limits, usersMax: 4 };
    const waited = await reportAt(45, { answer: () => answerAfter(100) }, { limits: patient });
    expect(judgeProbe(waited, 45).reasons.join()).toMatch(
      /\d+ arrivals waited for a free user: limits.users_max was reached/,
    );
  });

  it('says invalid where a threshold had nothing to be held against', async () => {
    const report = await reportAt(10, {}, { thresholds: [threshold('latency', 'p95 < 50ms', 'rare')] });
    expect(judgeProbe(report, 10)).toMatchObject({
      outcome: 'invalid',
      reasons: ['rare.latency: p95 < 50ms: nothing was measured'],
    });
  });

  it('says invalid where the generator was the bottleneck', async () => {
    const report = await reportAt(10);
    const invalid = {
      ...report,
      verdict: { status: 'invalid' as const, reasons: ['The generator was the bottleneck.'] },
    };
    expect(judgeProbe(invalid, 10)).toMatchObject({
      outcome: 'invalid',
      reasons: ['The generator was the bottleneck.'],
    });
  });

  it('says missed where nothing answers', async () => {
    const report = await reportAt(10, {
      answer: () => ({ kind: 'failure', delayMs: 1, reason: 'refused' }),
    });
    expect(judgeProbe(report, 10)).toMatchObject({
      outcome: 'missed',
      reasons: ['Nothing answered: 100 × refused (refused).'],
    });
  });

  it('cannot tell whether the target keeps up in a run of one second', async () => {
    const stages = [{ kind: 'arrivals' as const, from: 50, to: 50, durationMs: 1000 }];
    const { report } = await simulate(planWith({ stages }), { answer: slots(4, 100) });
    expect(judgeProbe(report, 50)).toMatchObject({ outcome: 'met', keptUpRatio: undefined });
  });
});
