import type { Steps } from './region-plan.ts';

/**
 * Orders regions by the latency that was measured from an area. Pure. Those that are no more than `withinMs` farther than the
 * first of a step share it: a millisecond more is no reason to send everybody to one place.
 *
 * @param latencyMs of each region, as measured from there; what is not a number is not known, and comes last.
 */
export function stepsByLatency(
  latencyMs: Readonly<Record<string, number>>,
  { withinMs }: { readonly withinMs: number },
): Steps {
  const measured = Object.entries(latencyMs).filter(([, ms]) => Number.isFinite(ms) && ms >= 0);
  const unknown = Object.keys(latencyMs).filter((name) => !measured.some(([known]) => known === name));
  const steps: { readonly fromMs: number; readonly names: string[] }[] = [];
  for (const [name, ms] of measured.toSorted(([, a], [, b]) => a - b)) {
    const step = steps.at(-1);
    if (step !== undefined && ms - step.fromMs <= withinMs) step.names.push(name);
    else steps.push({ fromMs: ms, names: [name] });
  }
  return [...steps.map(({ names }) => names), ...(unknown.length > 0 ? [unknown] : [])];
}
