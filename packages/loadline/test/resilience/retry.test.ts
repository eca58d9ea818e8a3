import { describe, expect, it } from 'vitest';
import { type BudgetLimits, RetryBudget } from '../../src/resilience/retry.ts';

/** How many repetitions there are at once. */
function spend(budget: RetryBudget, nowMs: number): number {
  let spent = 0;
  while (budget.tryWithdraw(nowMs)) spent++;
  return spent;
}

describe('a budget of repetitions', () => {
  const limits: BudgetLimits = { ratio: 0.5, perSecond: 2, quietMax: 6, savedMax: 20 };

  it('begins with what quiet saves up, and gets no more by quiet, however long that lasts', () => {
    const budget = new RetryBudget(limits);
    expect(spend(budget, 50_000)).toBe(6);
    expect(spend(budget, 52_000)).toBe(4);
    expect(spend(budget, 1_000_000)).toBe(6);
  });

  it('saves up more by first attempts, to a bound, and loses none of it by quiet', () => {
    const budget = new RetryBudget(limits);
    for (let attempt = 0; attempt < 10; attempt++) budget.deposit();
    expect(spend(budget, 0)).toBe(11);
    for (let attempt = 0; attempt < 1000; attempt++) budget.deposit();
    expect(spend(budget, 3_600_000)).toBe(20);
  });

  it('allows where everything fails what the ratio and the seconds bring, and no more', () => {
    const budget = new RetryBudget(limits);
    spend(budget, 0);
    let spent = 0;
    for (let nowMs = 10; nowMs <= 10_000; nowMs += 10) {
      budget.deposit();
      spent += spend(budget, nowMs);
    }
    expect(spent).toBe(1000 * 0.5 + 10 * 2);
  });
});
