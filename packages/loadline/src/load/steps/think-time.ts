import { exponential, normal, type Random } from '../../base/index.ts';

/** How long a person pauses between two steps. All in milliseconds. */
export type ThinkTime =
  | { readonly kind: 'fixed'; readonly durationMs: number }
  | { readonly kind: 'uniform'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number };

/** One pause in milliseconds, at least 0; the tail of the exponential is cut at ten times its mean. */
export function drawThinkTime(think: ThinkTime, random: Random): number {
  switch (think.kind) {
    case 'fixed':
      return think.durationMs;
    case 'uniform':
      return think.fromMs + (think.toMs - think.fromMs) * random();
    case 'normal':
      return Math.max(0, normal(random, think.meanMs, think.deviationMs));
    case 'exponential':
      return Math.min(think.meanMs * 10, exponential(random, think.meanMs));
  }
}
