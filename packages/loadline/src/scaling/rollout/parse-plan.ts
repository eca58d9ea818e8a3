import { type Field, type ObjectField, type Parsed, parse } from '../../base/index.ts';
import {
  inconclusiveChoices,
  type RolloutGuard,
  type RolloutJudge,
  type RolloutPlan,
  type RolloutStep,
} from './plan.ts';

/**
 * Reads a plan as people write it, and tells everything that is wrong with it at once.
 *
 * @example
 * parseRolloutPlan({ canary: { steps: [{ share: 0.05, watch: '5m' }, { share: 0.25, watch: '5m' }] } });
 * parseRolloutPlan({ blueGreen: { keep: '10m' } });
 */
export function parseRolloutPlan(input: unknown): Parsed<RolloutPlan> {
  return parse(input, readPlan);
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const stepsMax = 20;

const planKeys = [
  'canary',
  'blueGreen',
  'judge',
  'guard',
  'settle',
  'whenInconclusive',
  'prepareAtMost',
  'pauseAtMost',
  'blindAtMost',
  'flag',
] as const;

function readPlan(root: Field): RolloutPlan {
  const plan = root.object(planKeys);
  const isBlueGreen = plan.has('blueGreen');
  const flag = plan.optional('flag');
  if (isBlueGreen === plan.has('canary')) root.problem('must have one of canary and blueGreen, and not both');
  return {
    kind: isBlueGreen ? 'blue-green' : 'canary',
    steps: isBlueGreen ? readBlueGreen(plan.required('blueGreen')) : readCanary(plan.required('canary')),
    judge: readJudge(plan.optional('judge')),
    guard: readGuard(plan.optional('guard')),
    settleMs: durationOr(plan.optional('settle'), 30_000),
    whenInconclusive: plan.optional('whenInconclusive')?.oneOf(inconclusiveChoices) ?? 'pause',
    prepareMsMax: durationOr(plan.optional('prepareAtMost'), 10 * minuteMs, 0),
    pauseMsMax: durationOr(plan.optional('pauseAtMost'), dayMs, 0),
    blindMsMax: durationOr(plan.optional('blindAtMost'), 10_000, 0),
    ...(flag === undefined ? {} : { flag: readFlagName(flag) }),
  };
}

/** As flags are called. */
function readFlagName(field: Field): string {
  const name = field.string();
  if (name !== '' && !/^[A-Za-z0-9][\w.-]{0,99}$/.test(name))
    field.problem(
      'must be the name of a flag: 1 to 100 letters, digits, ".", "_" and "-", that begins with a letter or digit',
    );
  return name;
}

function readCanary(field: Field): RolloutStep[] {
  const canary = field.object(['steps', 'keep']);
  const steps = canary.required('steps').array(readStep, { nonEmpty: true });
  if (steps.length > stepsMax)
    field.at('steps').problem(`must have at most ${stepsMax}, got ${steps.length}`);
  for (const [index, { share }] of steps.entries()) {
    const before = steps[index - 1]?.share ?? 0;
    const place = field.at('steps').at(index).at('share');
    // What could not be read has a stand-in, which proves nothing.
    if (share > before || typeof place.value !== 'number') continue;
    place.problem(`must be above the step before, got ${share} after ${before}`);
  }
  return [...steps, lastStep(canary.optional('keep'), 5 * minuteMs)];
}

function readStep(field: Field): RolloutStep {
  const step = field.object(['share', 'watch', 'requests', 'watchAtMost']);
  const share = step.required('share').number({ above: 0, atMost: 0.99 });
  const watchMs = durationOr(step.optional('watch'), 5 * minuteMs);
  const watchMsMax = durationOr(step.optional('watchAtMost'), Math.min(6 * watchMs, dayMs));
  if (watchMsMax < watchMs)
    step.required('watchAtMost').problem(`must be at least watch, ${watchMs} ms, got ${watchMsMax} ms`);
  const requestsMin = step.optional('requests')?.number({ atLeast: 1, atMost: 1e9, whole: true }) ?? 500;
  return { share, capacity: share, watchMs, watchMsMax, requestsMin };
}

/** The new build is there whole before it gets anything, and then gets all at once. */
function readBlueGreen(field: Field): RolloutStep[] {
  const blueGreen = field.object(['verify', 'keep']);
  const watchMs = durationOr(blueGreen.optional('verify'), 10_000);
  const verified = { share: 0, capacity: 1, watchMs, watchMsMax: dayMs, requestsMin: 0 };
  return [verified, lastStep(blueGreen.optional('keep'), 10 * minuteMs)];
}

/** The candidate has it all, and the baseline stays for as long, so that there is a way back. */
function lastStep(keep: Field | undefined, keepMs: number): RolloutStep {
  const watchMs = durationOr(keep, keepMs);
  return { share: 1, capacity: 1, watchMs, watchMsMax: watchMs, requestsMin: 0 };
}

function readJudge(field: Field | undefined): RolloutJudge {
  const judge = objectOf(field, ['margin', 'errorMargin', 'confidence', 'block', 'blockRequests']);
  return {
    margin: judge?.optional('margin')?.number({ above: 0, atMost: 1 }) ?? 0.05,
    errorMargin: judge?.optional('errorMargin')?.number({ above: 0, atMost: 1 }) ?? 0.001,
    confidence: judge?.optional('confidence')?.number({ atLeast: 0.5, atMost: 0.9999 }) ?? 0.98,
    blockMs: durationOr(judge?.optional('block'), 5000, 0),
    blockRequests: judge?.optional('blockRequests')?.number({ atLeast: 20, atMost: 1e6, whole: true }) ?? 100,
  };
}

function readGuard(field: Field | undefined): RolloutGuard {
  const guard = objectOf(field, ['errorRatio', 'latencyTimes', 'latencyAbove', 'window']);
  return {
    errorRatio: guard?.optional('errorRatio')?.number({ above: 0, atMost: 1 }) ?? 0.05,
    latencyTimes: guard?.optional('latencyTimes')?.number({ above: 1, atMost: 1000 }) ?? 2,
    latencyMsAbove: durationOr(guard?.optional('latencyAbove'), 20),
    windowMs: guard?.optional('window')?.duration({ above: 0, atMost: minuteMs }) ?? 3000,
  };
}

function objectOf<const Key extends string>(
  field: Field | undefined,
  known: readonly Key[],
): ObjectField<Key> | undefined {
  return field?.object(known);
}

function durationOr(field: Field | undefined, otherwiseMs: number, aboveMs?: number): number {
  const limits = { atMost: dayMs, ...(aboveMs === undefined ? {} : { above: aboveMs }) };
  return field?.duration(limits) ?? otherwiseMs;
}
