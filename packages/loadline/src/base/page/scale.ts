/** Where values stand on an axis. Pure. */
export interface Scale {
  /** 0 at the start of the axis, 1 at its end; a value outside stands at the edge. */
  at(value: number): number;
  readonly ticks: readonly number[];
  readonly isLogarithmic: boolean;
  readonly from: number;
  readonly to: number;
}

/** From 0 to a round number at or above `max`, with about `ticksWanted` steps of 1, 2 or 5 times a power of ten. */
export function linearScale(max: number, ticksWanted = 4): Scale {
  const step = roundStep((max > 0 ? max : 1) / ticksWanted);
  const steps = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - 1e-9));
  const to = steps * step;
  return {
    at: (value) => clamp(value / to),
    ticks: Array.from({ length: steps + 1 }, (_, at) => Number((at * step).toPrecision(12))),
    isLogarithmic: false,
    from: 0,
    to,
  };
}

/** From the 1, 2 or 5 times a power of ten at or below `min` to the one at or above `max`; both above 0. */
export function logScale(min: number, max: number, ticksMax = 8): Scale {
  // One decade lower, because a logarithm just below a whole number is rounded up to it.
  const decade = Math.floor(Math.log10(min)) - 1;
  const candidates: number[] = [];
  for (let power = decade; power <= Math.ceil(Math.log10(max)) + 1; power++) {
    for (const mantissa of [1, 2, 5]) candidates.push(Number(`${mantissa}e${power}`));
  }
  const first = candidates.findLastIndex((each) => each <= min);
  const last = candidates.findIndex((each, at) => each >= max && at > first);
  const steps = candidates.slice(Math.max(0, first), last + 1);
  const from = steps[0] as number;
  const to = steps.at(-1) as number;
  const isPowerOfTen = (value: number): boolean => Number.isInteger(Number(Math.log10(value).toFixed(9)));
  return {
    at: (value) => (value <= from ? 0 : clamp(Math.log(value / from) / Math.log(to / from))),
    ticks: steps.length <= ticksMax ? steps : steps.filter(isPowerOfTen),
    isLogarithmic: true,
    from,
    to,
  };
}

/** From 0 to just `durationMs`, with at most `ticksMax` ticks at whole seconds, minutes or hours. */
export function timeScale(durationMs: number, ticksMax = 8): Scale {
  const to = Math.max(1, durationMs);
  const step = timeSteps.find((each) => to / each <= ticksMax) ?? roundStep(to / ticksMax);
  return {
    at: (value) => clamp(value / to),
    ticks: Array.from({ length: Math.floor(to / step) + 1 }, (_, at) => at * step),
    isLogarithmic: false,
    from: 0,
    to,
  };
}

/** From 0 to a round number at or above `max`, by square roots: what is small next to the highest is still told apart. */
export function rootScale(max: number): Scale {
  const { to } = linearScale(max, 1);
  const at = (value: number): number => Math.sqrt(clamp(value / to));
  const ticks: number[] = [];
  for (const share of [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]) {
    const tick = Number((share * to).toPrecision(6));
    if (ticks.every((other) => at(other) - at(tick) >= tickDistance)) ticks.push(tick);
  }
  return { at, ticks: [0, ...ticks.toReversed()], isLogarithmic: false, from: 0, to };
}

const tickDistance = 0.1;

/** Times since the epoch, with at most `ticksMax` ticks where the clocks of UTC show whole minutes, hours or days. */
export function clockScale(fromMs: number, toMs: number, ticksMax = 8): Scale {
  const span = Math.max(1, toMs - fromMs);
  const step =
    [...timeSteps, ...daySteps].find((each) => each >= minute && span / each <= ticksMax - 1) ??
    Math.ceil(span / (ticksMax - 1) / day) * day;
  const first = Math.ceil(fromMs / step);
  const count = Math.floor((fromMs + span) / step) - first + 1;
  return {
    at: (value) => clamp((value - fromMs) / span),
    ticks: Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * step),
    isLogarithmic: false,
    from: fromMs,
    to: fromMs + span,
  };
}

/** From a round number at or below `min` to one at or above `max`, also where 0 is far away. */
export function rangeScale(min: number, max: number, ticksWanted = 6): Scale {
  // What is closer together than an axis can show stands on one as of a single value.
  const isSpread = max - min > Math.abs(max) / 1000;
  const step = roundStep((isSpread ? max - min : Math.max(1, Math.abs(max))) / ticksWanted);
  const first = Math.floor(min / step + 1e-9);
  const steps = Math.max(1, Math.ceil(max / step - 1e-9) - first);
  const [from, to] = [first * step, (first + steps) * step];
  return {
    at: (value) => clamp((value - from) / (to - from)),
    ticks: Array.from({ length: steps + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12))),
    isLogarithmic: false,
    from,
    to,
  };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 4, 6, 12, 24].map((count) => count * hour),
];
const daySteps = [2, 5, 10, 20, 50].map((count) => count * day);

function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const mantissa = step / power;
  const round = mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10;
  return round * power;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
