/**
 * Whether the generator itself was the bottleneck. A generator that is late or busy adds its own delay to
 * every latency and sends less than it was asked to, so its numbers say nothing about the target. Pure.
 */
export interface GeneratorSample {
  /** From the start of the run to the end of the sample. */
  readonly endMs: number;
  readonly durationMs: number;
  /** Share of the time in which the event loop was at work, 0 to 1. */
  readonly loopUtilization: number;
  /** CPU time of the whole process over the elapsed time; above 1 with several threads. */
  readonly cpuRatio: number;
  /** The longest time that the event loop was held up. */
  readonly loopDelayMsMax: number;
  /** 99 of 100 steps began no later than this after they were due; undefined where none was due. */
  readonly latenessMsP99: number | undefined;
}

export interface GeneratorVerdict {
  readonly wasBottleneck: boolean;
  /** For people: what was seen, and what to do where it was the bottleneck. */
  readonly statement: string;
  /** When it was overloaded, from the start of the run. */
  readonly overloaded: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly loopUtilizationMax: number;
  readonly cpuRatioMean: number;
  readonly loopDelayMsMax: number;
  readonly latenessMsP99Max: number;
}

/**
 * Above this share of a second the event loop queues: by the rule of a single server, waiting grows with
 * 1 / (1 − utilization).
 */
export const loopUtilizationLimit = 0.9;
/** Steps that begin this late falsify the latencies that people care about. */
export const latenessLimitMs = 20;
/** A run may have this share of overloaded time: one hiccup of a shared machine does not spoil it. */
export const overloadedShareLimit = 0.05;

export function judgeGenerator(samples: readonly GeneratorSample[]): GeneratorVerdict {
  const late = samples.filter(isOverloaded);
  const lateMs = late.reduce((sum, sample) => sum + sample.durationMs, 0);
  const totalMs = samples.reduce((sum, sample) => sum + sample.durationMs, 0);
  const isMoreThanOnce = late.length > 1 || late.length === samples.length;
  const wasBottleneck = isMoreThanOnce && lateMs > totalMs * overloadedShareLimit;
  const highest = (of: (sample: GeneratorSample) => number): number =>
    samples.reduce((max, each) => Math.max(max, of(each)), 0);
  const cpuMs = samples.reduce((sum, sample) => sum + sample.cpuRatio * sample.durationMs, 0);
  const figures = {
    loopUtilizationMax: highest((sample) => sample.loopUtilization),
    cpuRatioMean: totalMs === 0 ? 0 : cpuMs / totalMs,
    loopDelayMsMax: highest((sample) => sample.loopDelayMsMax),
    latenessMsP99Max: highest((sample) => sample.latenessMsP99 ?? 0),
  };
  const overloaded = joinSpans(
    late.map((sample) => ({ fromMs: sample.endMs - sample.durationMs, toMs: sample.endMs })),
  );
  return {
    wasBottleneck,
    statement: describe(wasBottleneck, late.length, samples.length),
    overloaded,
    ...figures,
  };
}

/** Every two neighbours as one: the mean of what is a share, the highest of what is a peak. */
export function joinSamples(samples: readonly GeneratorSample[]): GeneratorSample[] {
  const joined: GeneratorSample[] = [];
  for (let index = 0; index < samples.length; index += 2) {
    const first = samples[index] as GeneratorSample;
    const second = samples[index + 1];
    joined.push(second === undefined ? first : joinTwo(first, second));
  }
  return joined;
}

function joinTwo(a: GeneratorSample, b: GeneratorSample): GeneratorSample {
  const durationMs = a.durationMs + b.durationMs;
  const mean = (of: (sample: GeneratorSample) => number): number =>
    (of(a) * a.durationMs + of(b) * b.durationMs) / durationMs;
  const isLate = a.latenessMsP99 !== undefined || b.latenessMsP99 !== undefined;
  return {
    endMs: b.endMs,
    durationMs,
    loopUtilization: mean((sample) => sample.loopUtilization),
    cpuRatio: mean((sample) => sample.cpuRatio),
    loopDelayMsMax: Math.max(a.loopDelayMsMax, b.loopDelayMsMax),
    latenessMsP99: isLate ? Math.max(a.latenessMsP99 ?? 0, b.latenessMsP99 ?? 0) : undefined,
  };
}

function isOverloaded(sample: GeneratorSample): boolean {
  return sample.loopUtilization > loopUtilizationLimit || (sample.latenessMsP99 ?? 0) > latenessLimitMs;
}

function joinSpans(spans: readonly { fromMs: number; toMs: number }[]): { fromMs: number; toMs: number }[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && span.fromMs - last.toMs < 1) last.toMs = span.toMs;
    else joined.push({ ...span });
  }
  return joined;
}

function describe(wasBottleneck: boolean, late: number, all: number): string {
  if (wasBottleneck) {
    return `The generator was the bottleneck in ${late} of ${all} samples: lower the load, or give it a core of its own.`;
  }
  if (all === 0) return 'The run was too short to watch the generator.';
  return late === 0 ? 'The generator kept up.' : `The generator kept up, but for ${late} of ${all} samples.`;
}
