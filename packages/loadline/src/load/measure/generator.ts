/** How the generator did in a piece of a run, a second or so. */
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
  /** Steps that were due, but for those that waited for a user. */
  readonly steps: number;
  /** Those that began more than `latenessLimitMs` after they were due. */
  readonly lateSteps: number;
  /** 99 of 100 steps began no later than this after they were due; undefined where none was due. */
  readonly latenessMsP99: number | undefined;
}

/** Whether the numbers of a run are those of the target. */
export interface GeneratorVerdict {
  readonly wasBottleneck: boolean;
  /** For people: what was seen, and what to do where it was the bottleneck. */
  readonly statement: string;
  /** When it was overloaded, from the start of the run. */
  readonly overloaded: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Share of all steps that began too late, 0 to 1. */
  readonly lateStepRatio: number;
  readonly loopUtilizationMax: number;
  readonly cpuRatioMean: number;
  readonly loopDelayMsMax: number;
  readonly latenessMsP99Max: number;
}

/**
 * Above this share of a second the event loop queues: by the rule of a single server, waiting grows with
 * 1 / (1 − utilization).
 */
const loopUtilizationLimit = 0.9;
/** A run may have this share of time above that: one hiccup of a shared machine does not spoil it. */
const overloadedShareLimit = 0.05;
/** A step that begins this late falsifies its latency. */
export const latenessLimitMs = 20;
/** With more late steps than this share, the 99th percentile is no longer the target's. */
const lateStepRatioLimit = 0.01;
/** In a short, slow run a hiccup is more than that share: so many late steps are forgiven in a second or two. */
const hiccup = { steps: 5, ratio: 0.05, samples: 2 };

/**
 * Whether the generator itself was the bottleneck. A generator that is late or busy adds its own delay to
 * every latency and sends less than it was asked to, so its numbers say nothing about the target. Pure.
 */
export function judgeGenerator(samples: readonly GeneratorSample[]): GeneratorVerdict {
  const sum = (of: (sample: GeneratorSample) => number): number =>
    samples.reduce((total, each) => total + of(each), 0);
  const highest = (of: (sample: GeneratorSample) => number): number =>
    samples.reduce((max, each) => Math.max(max, of(each)), 0);
  const totalMs = sum((sample) => sample.durationMs);
  const steps = sum((sample) => sample.steps);
  const lateSteps = sum((sample) => sample.lateSteps);
  const wasLate = lateSteps > Math.max(1, steps * lateStepRatioLimit) && !isHiccup(samples, lateSteps, steps);
  const overloaded = samples.filter(isOverloaded);
  const wasBottleneck = wasLate || wasBusy(samples, totalMs);
  return {
    wasBottleneck,
    statement: describe(wasBottleneck, {
      late: lateSteps,
      steps,
      overloaded: overloaded.length,
      all: samples.length,
    }),
    overloaded: joinSpans(
      overloaded.map((sample) => ({ fromMs: sample.endMs - sample.durationMs, toMs: sample.endMs })),
    ),
    lateStepRatio: steps === 0 ? 0 : lateSteps / steps,
    loopUtilizationMax: highest((sample) => sample.loopUtilization),
    cpuRatioMean: totalMs === 0 ? 0 : sum((sample) => sample.cpuRatio * sample.durationMs) / totalMs,
    loopDelayMsMax: highest((sample) => sample.loopDelayMsMax),
    latenessMsP99Max: highest((sample) => sample.latenessMsP99 ?? 0),
  };
}

/** What was seen of one of several generators. */
export interface SeenGenerator {
  readonly name: string;
  /** Whether it was heard of to its end. */
  readonly wasHeardOut: boolean;
  readonly samples: readonly GeneratorSample[];
}

/** The verdict on several generators together: one that was the bottleneck spoils the run of all. */
export function judgeGenerators(generators: readonly SeenGenerator[]): GeneratorVerdict {
  const verdicts = generators.map(({ name, samples }) => ({
    name,
    steps: stepsOf(samples),
    ...judgeGenerator(samples),
  }));
  const guilty = verdicts.filter((verdict) => verdict.wasBottleneck);
  const highest = (of: (verdict: GeneratorVerdict) => number): number => Math.max(0, ...verdicts.map(of));
  const steps = verdicts.reduce((sum, verdict) => sum + verdict.steps, 0);
  const spans = verdicts.flatMap(({ overloaded }) => overloaded).toSorted((a, b) => a.fromMs - b.fromMs);
  return {
    wasBottleneck: guilty.length > 0,
    statement:
      guilty.length > 0
        ? guilty.map(({ name, statement }) => `${name}: ${statement}`).join(' ')
        : describeAll(generators),
    overloaded: joinSpans(spans),
    lateStepRatio:
      verdicts.reduce((sum, each) => sum + each.lateStepRatio * each.steps, 0) / Math.max(1, steps),
    loopUtilizationMax: highest((verdict) => verdict.loopUtilizationMax),
    cpuRatioMean: verdicts.reduce((sum, verdict) => sum + verdict.cpuRatioMean, 0),
    loopDelayMsMax: highest((verdict) => verdict.loopDelayMsMax),
    latenessMsP99Max: highest((verdict) => verdict.latenessMsP99Max),
  };
}

/** Several generators in the same second, as one: the busiest, and the CPU time of all. */
export function sumSamples(samples: readonly GeneratorSample[]): GeneratorSample | undefined {
  return samples.reduce<GeneratorSample | undefined>(
    (sum, each) => (sum === undefined ? each : sumTwo(sum, each)),
    undefined,
  );
}

function sumTwo(a: GeneratorSample, b: GeneratorSample): GeneratorSample {
  return {
    ...joinTwo(a, b),
    endMs: Math.max(a.endMs, b.endMs),
    durationMs: Math.max(a.durationMs, b.durationMs),
    loopUtilization: Math.max(a.loopUtilization, b.loopUtilization),
    cpuRatio: a.cpuRatio + b.cpuRatio,
  };
}

function stepsOf(samples: readonly GeneratorSample[]): number {
  return samples.reduce((sum, sample) => sum + sample.steps, 0);
}

function isHiccup(samples: readonly GeneratorSample[], lateSteps: number, steps: number): boolean {
  const isShort = samples.filter((sample) => sample.lateSteps > 0).length <= hiccup.samples;
  return isShort && lateSteps <= Math.min(hiccup.steps, steps * hiccup.ratio);
}

function wasBusy(samples: readonly GeneratorSample[], totalMs: number): boolean {
  const busy = samples.filter(isBusy);
  const busyMs = busy.reduce((total, sample) => total + sample.durationMs, 0);
  const isMoreThanOnce = busy.length > 1 || busy.length === samples.length;
  return isMoreThanOnce && busyMs > totalMs * overloadedShareLimit;
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
    steps: a.steps + b.steps,
    lateSteps: a.lateSteps + b.lateSteps,
    latenessMsP99: isLate ? Math.max(a.latenessMsP99 ?? 0, b.latenessMsP99 ?? 0) : undefined,
  };
}

function isBusy(sample: GeneratorSample): boolean {
  return sample.loopUtilization > loopUtilizationLimit;
}

function isOverloaded(sample: GeneratorSample): boolean {
  return isBusy(sample) || sample.lateSteps > sample.steps * lateStepRatioLimit;
}

function joinSpans(spans: readonly { fromMs: number; toMs: number }[]): { fromMs: number; toMs: number }[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && span.fromMs - last.toMs < 1) last.toMs = Math.max(last.toMs, span.toMs);
    else joined.push({ ...span });
  }
  return joined;
}

function describeAll(generators: readonly SeenGenerator[]): string {
  const heard = generators.filter(({ wasHeardOut }) => wasHeardOut).length;
  if (heard === generators.length) return `All ${heard} generators kept up.`;
  const share = `${heard} of ${generators.length} generators ${heard === 1 ? 'was' : 'were'} heard to the end`;
  return `${share}; all kept up while they were heard.`;
}

function describe(
  wasBottleneck: boolean,
  seen: { readonly late: number; readonly steps: number; readonly overloaded: number; readonly all: number },
): string {
  if (seen.all === 0) return 'The run was too short to watch the generator.';
  const where = `in ${seen.overloaded} of ${seen.all} samples`;
  if (wasBottleneck) {
    const late = `${seen.late} of ${seen.steps} steps began over ${latenessLimitMs} ms late`;
    return `The generator was the bottleneck ${where}, ${late}: lower the load, or give it a core of its own.`;
  }
  return seen.overloaded === 0
    ? 'The generator kept up.'
    : `The generator kept up, but for hiccups ${where}.`;
}
