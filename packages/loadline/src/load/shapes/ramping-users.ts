import { noArrivals, type Shape } from './shape.ts';

/** Users come, or go, one by one and evenly: each in the middle of its share of the time. */
export function rampingUsers(from: number, to: number, durationMs: number): Shape {
  const direction = Math.sign(to - from);
  const count = Math.abs(to - from);
  const movedAt = (sinceMs: number): number => Math.floor((count * sinceMs) / durationMs + 0.5 + 1e-9);
  return {
    ...noArrivals,
    usersAt: (sinceMs) => from + direction * movedAt(sinceMs),
    nextUserChange(sinceMs) {
      const next = ((movedAt(sinceMs) + 0.5) * durationMs) / count;
      return next < durationMs ? next : undefined;
    },
    usersPeak: Math.max(from, to),
    iterationsPerUser: Number.POSITIVE_INFINITY,
  };
}
