import { formatDuration, sleep, systemClock } from 'loadline/base';
import { type Style, wrapLine } from 'loadline/cli';
import type { LoadReport } from 'loadline/load';
import type { ControlPlane } from './control-plane.ts';
import { group } from './fleet.ts';

/** A step that the control plane took, as its history tells it. */
export interface ScalingStep {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly previousCapacity: number;
  readonly newCapacity: number;
  readonly reason: string;
}

/** Hears of each step soon after it was taken, from now on until it is stopped. */
export function followScaling(
  controlPlane: ControlPlane,
  onStep: (step: ScalingStep) => void,
): { stop(): Promise<readonly ScalingStep[]> } {
  const ending = new AbortController();
  const steps = new Map<string, ScalingStep>();
  const fromMs = systemClock.now();
  const look = async (): Promise<void> => {
    const path = `/performance/scaling/history?group=${group}&limit=100`;
    const { items } = (await controlPlane.get(path)) as { readonly items: readonly ScalingStep[] };
    for (const step of items.toReversed()) {
      if (steps.has(step.id) || Date.parse(step.at) < fromMs) continue;
      steps.set(step.id, step);
      onStep(step);
    }
  };
  const following = (async () => {
    while (!ending.signal.aborted) {
      // One look that fails is made up for by the next.
      await look().catch(() => undefined);
      await sleep(systemClock, lookEveryMs, ending.signal).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await following;
      await look();
      return [...steps.values()];
    },
  };
}

const lookEveryMs = 500;

/** `     12 s  2 → 5  ratePerSecond is …`, on as many lines as it takes. Pure. */
export function describeStep(
  { at, previousCapacity: from, newCapacity: to, reason }: ScalingStep,
  { startMs, width, style }: { readonly startMs: number; readonly width: number; readonly style: Style },
): string {
  const after = formatDuration(Math.max(0, Math.round((Date.parse(at) - startMs) / 1000) * 1000));
  const arrow = style(to > from ? 'green' : 'cyan', `${from} → ${to}`);
  const place = `  ${after.padStart(afterSize)}  `;
  return wrapLine(`${place}${arrow}  ${reason}`, width, place.length + 7).join('\n');
}

/** Of a demo that takes no hour: `1 m 15 s`. */
const afterSize = 8;

/** What stands above such lines. */
export const stepsTitle: string = `${'after'.padStart(afterSize)}  instances and why`;

/** What came of it, in two lines. Pure. */
export function describeScaling(
  steps: readonly ScalingStep[],
  { total }: Pick<LoadReport, 'total'>,
  { style }: { readonly style: Style },
): string {
  const most = Math.max(0, ...steps.map(({ newCapacity }) => newCapacity));
  const path = steps.flatMap(({ previousCapacity, newCapacity }, index) =>
    index === 0 ? [previousCapacity, newCapacity] : [newCapacity],
  );
  const grown = most === 0 ? 'no step was taken' : `${path.join(' → ')} instances`;
  const mark = total.errors === 0 ? style('green', '✓') : style('red', '✗');
  const lost = total.errors === 0 ? 'no request was lost' : `${total.errors} requests were lost`;
  return `  ${style('dim', 'scaling')}\n  ${mark} ${grown}, and ${lost}\n\n`;
}
