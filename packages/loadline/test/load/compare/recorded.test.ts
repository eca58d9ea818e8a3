import { beforeAll, describe, expect, it } from 'vitest';
import { type Judgement, judgeRecorded, type Recorded, readRecorded } from './recorded.ts';

let recorded: Recorded;
beforeAll(() => {
  recorded = readRecorded();
}, 60_000);

describe('comparing five recorded runs with five', () => {
  let judged: Judgement;
  beforeAll(() => {
    judged = judgeRecorded(recorded, { comparisons: 100, size: 5, seed: 'five' });
  }, 60_000);

  it('raises a false alarm in at most 5 of 100 comparisons of a build with itself, over everything', () => {
    expect(judged.falseAlarms).toBeLessThanOrEqual(5);
  });

  it('names an endpoint that takes a tenth longer in at least 90 of 100, and blames no other', () => {
    expect(judged.named).toBeGreaterThanOrEqual(90);
    expect(judged.misnamed).toBeLessThanOrEqual(5);
  });
});

describe('comparing one recorded run with one', { timeout: 60_000 }, () => {
  it('raises no alarm that the runs cannot bear', () => {
    const { falseAlarms, misnamed } = judgeRecorded(recorded, { comparisons: 100, size: 1, seed: 'one' });
    expect(falseAlarms + misnamed).toBeLessThanOrEqual(5);
  });
});
