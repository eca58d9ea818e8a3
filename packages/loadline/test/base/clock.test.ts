import { systemClock } from 'loadline/base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

describe('the system clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const days = (count: number): number => count * 86_400_000;

  it('keeps timers of months, which Node alone would fire at once', () => {
    let fired = 0;
    systemClock.setTimer(() => fired++, days(60));
    vi.advanceTimersByTime(days(60) - 1);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
  });

  it('cancels a long timer in its second part too', () => {
    let fired = 0;
    const timer = systemClock.setTimer(() => fired++, days(60));
    vi.advanceTimersByTime(days(40));
    timer.cancel();
    vi.advanceTimersByTime(days(40));
    expect([fired, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
