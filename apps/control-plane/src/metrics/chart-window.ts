import { momentOf } from '../contract/index.ts';
import { type Mistake, Problem } from '../problems/index.ts';

/** What was asked of a chart, as it was written. */
export interface WrittenWindow {
  readonly service?: string | undefined;
  readonly instance?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly stepMs?: number | undefined;
  readonly quantiles?: string | undefined;
  readonly by?: 'service' | 'instance' | 'endpoint' | undefined;
}

/** Whole: of what, from when to when, how finely. */
export interface ChartWindow {
  readonly service?: string;
  readonly instance?: string;
  readonly endpoint?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** Longer ones to fall back on, where nobody asked for this one and it would be too much to read. */
  readonly longerStepsMs: readonly number[];
  readonly quantiles: readonly number[];
  readonly by?: 'service' | 'instance' | 'endpoint';
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
const steps = [15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800] as const;
/** What a chart shows well. */
const pointsByDefault = 300;
const pointsMax = 11_000;

/**
 * Fills in what was not written. Pure.
 *
 * @throws Problem with every mistake.
 */
export function windowOf(written: WrittenWindow, nowMs: number): ChartWindow {
  const {
    service,
    instance,
    endpoint,
    quantiles = '',
    by = service === undefined ? 'service' : undefined,
  } = written;
  const toMs = written.to === undefined ? nowMs : momentOf(written.to);
  const fromMs = written.from === undefined ? toMs - hourMs : momentOf(written.from);
  const stepMs = written.stepMs ?? stepOf(toMs - fromMs);
  const mistakes: Mistake[] = [];
  const mistake = (pointer: string, detail: string): void => {
    mistakes.push({ in: 'query', pointer, detail });
  };
  if (!(fromMs < toMs)) mistake('/from', 'must be before `to`, which is now where it is not given');
  else if ((toMs - fromMs) / stepMs > pointsMax)
    mistake('/stepMs', `makes ${Math.ceil((toMs - fromMs) / stepMs)} points; ${pointsMax} are the most`);
  if (service === undefined && (by === 'instance' || by === 'endpoint'))
    mistake('/service', `is needed to tell its ${by}s apart: others have some of the same name`);
  if (mistakes.length > 0) {
    const detail = mistakes.map(({ pointer, detail: said }) => `${pointer} ${said}`).join('; ');
    throw new Problem('CONTROL_PLANE_REQUEST_INVALID', `${detail}.`, { errors: mistakes });
  }
  return {
    ...(service === undefined ? {} : { service }),
    ...(instance === undefined ? {} : { instance }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(by === undefined ? {} : { by }),
    fromMs,
    toMs,
    stepMs,
    longerStepsMs: written.stepMs === undefined ? [minuteMs, hourMs].filter((each) => each > stepMs) : [],
    quantiles: quantiles === '' ? [] : [...new Set(quantiles.split(',').map(Number))],
  };
}

/** The shortest of round lengths that makes few enough points; never finer than instances are asked. */
function stepOf(lengthMs: number): number {
  const found = steps.find((seconds) => lengthMs / (seconds * 1000) <= pointsByDefault);
  return (found ?? (steps.at(-1) as number)) * 1000;
}
