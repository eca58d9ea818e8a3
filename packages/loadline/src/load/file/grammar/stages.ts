import type { Field } from '../../../base/index.ts';
import type { Stage } from '../../plan.ts';
import { keys } from './keys.ts';
import { type Level, readLevel, readRate, usersLimit } from './levels.ts';

/**
 * Reads a load's stages. Each goes on from the level at which the one before it ended:
 *
 *   - ramp: { users: 200, over: 30s }       from the level before, evenly; or to a rate
 *   - hold: { for: 2m }                     the level before; or { users: 50, for: 2m }, { rate: 50/s, for: 2m }
 *   - arrivals: { rate: 50/s, for: 1m }     the open model: they come, whoever is busy
 *   - step: { users: { from: 10, to: 100, by: 10, every: 30s } }    a stair of holds; or of a rate
 *   - spike: { users: 500, over: 10s, for: 1m, back: 10s }          up, and back to the level before
 *   - iterations: { users: 10, each: 5, within: 10m }               so many users, so often each
 */
export function readStages(field: Field): Stage[] {
  let level: Level = { kind: 'users', value: 0 };
  const stages = field
    .array(
      (item) => {
        const read = readStage(item, level);
        level = read.after;
        return read.stages;
      },
      { nonEmpty: true },
    )
    .flat();
  if (stages.length > 0 && stages.every(isIdle))
    field.problem('makes no load: every stage has 0 users and a rate of 0');
  return stages;
}

function isIdle(stage: Stage): boolean {
  return stage.kind !== 'iterations' && stage.from === 0 && stage.to === 0;
}

/** What a stage means, and the level that the next one goes on from. */
interface ReadStage {
  readonly stages: readonly Stage[];
  readonly after: Level;
}

const readers: Record<(typeof keys.stage)[number], (field: Field, before: Level) => ReadStage> = {
  ramp: readRamp,
  hold: readHold,
  arrivals: readArrivals,
  step: readStairs,
  spike: readSpike,
  iterations: readIterations,
};

function readStage(item: Field, before: Level): ReadStage {
  const stage = item.object(keys.stage);
  const [kind, ...others] = keys.stage.filter((key) => stage.has(key));
  if (kind !== undefined && others.length === 0) return readers[kind](stage.required(kind), before);
  item.problem(`must be one of ${keys.stage.join(', ')}, as in \`- hold: { users: 10, for: 30s }\``);
  return { stages: [even({ kind: 'users', value: 0 }, { kind: 'users', value: 1 }, 1)], after: before };
}

function readRamp(field: Field, before: Level): ReadStage {
  const ramp = field.object(keys.ramp);
  const durationMs = ramp.required('over').duration({ above: 0 });
  const to = readLevel(ramp) ?? missingLevel(field, before, 'users: 200 or rate: 50/s');
  return { stages: [even(before, to, durationMs)], after: to };
}

function readHold(field: Field, before: Level): ReadStage {
  const hold = field.object(keys.hold);
  const durationMs = hold.required('for').duration({ above: 0 });
  const level = readLevel(hold) ?? before;
  return { stages: [even(level, level, durationMs)], after: level };
}

function readArrivals(field: Field): ReadStage {
  const arrivals = field.object(keys.arrivals);
  const durationMs = arrivals.required('for').duration({ above: 0 });
  const rate = readRate(arrivals.required('rate'));
  const spacing = arrivals.optional('spacing')?.oneOf(['even', 'poisson']);
  const after: Level = { kind: 'arrivals', value: rate };
  const stage: Stage = { kind: 'arrivals', from: rate, to: rate, durationMs };
  return { stages: [spacing === undefined ? stage : { ...stage, spacing }], after };
}

/** More stairs than anyone can tell apart. */
const stairsMax = 1000;

function readStairs(field: Field, before: Level): ReadStage {
  const stairs = field.object(keys.stairs);
  const ofUsers = stairs.optional('users');
  const ofRate = stairs.optional('rate');
  const steps = ofUsers ?? ofRate;
  if (steps === undefined || (ofUsers !== undefined && ofRate !== undefined)) {
    field.problem('must have users or rate, as in { users: { from: 10, to: 100, by: 10, every: 30s } }');
    return { stages: [], after: before };
  }
  const step = steps.object(keys.stair);
  const everyMs = step.required('every').duration({ above: 0 });
  const read = (key: 'from' | 'to' | 'by'): number =>
    ofUsers === undefined
      ? readRate(step.required(key))
      : step.required(key).number({ whole: true, atLeast: key === 'by' ? 1 : 0, atMost: usersLimit });
  const [from, to, by] = [read('from'), read('to'), read('by')];
  const count = by > 0 ? Math.ceil(Math.abs(to - from) / by - 1e-9) : stairsMax;
  if (count >= stairsMax) {
    steps.problem(`makes more than ${stairsMax} steps; take larger ones with by`);
    return { stages: [], after: before };
  }
  const levels = Array.from({ length: count }, (_, index) => from + Math.sign(to - from) * by * index);
  const kind = ofUsers === undefined ? 'arrivals' : 'users';
  const stages = [...levels, to].map((value) => even({ kind, value }, { kind, value }, everyMs));
  return { stages, after: { kind, value: to } };
}

/** Up to the peak, and afterwards the level before: at once, or evenly where `back` says how long it takes. */
function readSpike(field: Field, before: Level): ReadStage {
  const spike = field.object(keys.spike);
  const overMs = spike.required('over').duration({ above: 0 });
  const holdMs = spike.required('for').duration({ above: 0 });
  const backMs = spike.optional('back')?.duration({ above: 0 });
  const peak = readLevel(spike) ?? missingLevel(field, before, 'users: 500 or rate: 500/s');
  const floor: Level = peak.kind === before.kind ? before : { kind: peak.kind, value: 0 };
  return {
    stages: [
      even(floor, peak, overMs),
      even(peak, peak, holdMs),
      ...(backMs === undefined ? [] : [even(peak, floor, backMs)]),
    ],
    after: before,
  };
}

function readIterations(field: Field): ReadStage {
  const iterations = field.object(keys.iterations);
  const stage: Stage = {
    kind: 'iterations',
    users: iterations.required('users').number({ whole: true, atLeast: 1, atMost: usersLimit }),
    perUser: iterations.required('each').number({ whole: true, atLeast: 1, atMost: 1e9 }),
    durationMs: iterations.required('within').duration({ above: 0 }),
  };
  return { stages: [stage], after: { kind: 'users', value: 0 } };
}

/** A stage that goes evenly from one level to another; from 0 where the one before was of the other model. */
function even(from: Level, to: Level, durationMs: number): Stage {
  return { kind: to.kind, from: from.kind === to.kind ? from.value : 0, to: to.value, durationMs };
}

function missingLevel(field: Field, before: Level, example: string): Level {
  field.problem(`needs the level at which it ends: ${example}`);
  return before;
}
