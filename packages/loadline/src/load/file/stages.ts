import type { Field } from '../../base/index.ts';
import type { ArrivalsStage, UsersStage } from '../plan.ts';

/**
 * Reads a load's stages. Each goes on from the level at which the one before it ended:
 *
 *   - ramp: { users: 200, over: 30s }       from the level before, evenly
 *   - hold: { for: 2m }                     the level before; or { users: 50, for: 2m }, { rate: 50/s, for: 2m }
 *   - arrivals: { rate: 50/s, for: 1m }     the open model: they come, whoever is busy
 *   - ramp: { rate: 100/s, over: 1m }       arrivals, from the rate before
 */
export function readStages(field: Field): LevelStage[] {
  let level: Level = { kind: 'users', value: 0 };
  const stages = field.array(
    (item) => {
      const stage = readStage(item, level);
      level = { kind: stage.kind, value: stage.to };
      return stage;
    },
    { nonEmpty: true },
  );
  if (stages.length > 0 && stages.every((stage) => stage.from === 0 && stage.to === 0)) {
    field.problem('makes no load: every stage has 0 users and a rate of 0');
  }
  return stages;
}

type LevelStage = UsersStage | ArrivalsStage;

interface Level {
  readonly kind: LevelStage['kind'];
  readonly value: number;
}

function readStage(item: Field, before: Level): LevelStage {
  const stage = item.object(['ramp', 'hold', 'arrivals']);
  const kinds = (['ramp', 'hold', 'arrivals'] as const).filter((kind) => stage.has(kind));
  if (kinds.length !== 1) {
    item.problem('must be one of ramp, hold and arrivals, as in `- hold: { users: 10, for: 30s }`');
    return { kind: 'users', from: 0, to: 1, durationMs: 1 };
  }
  const kind = kinds[0] as 'ramp' | 'hold' | 'arrivals';
  if (kind === 'ramp') return readRamp(stage.required('ramp'), before);
  return kind === 'hold'
    ? readHold(stage.required('hold'), before)
    : readArrivals(stage.required('arrivals'));
}

function readRamp(field: Field, before: Level): LevelStage {
  const ramp = field.object(['users', 'rate', 'over']);
  const durationMs = ramp.required('over').duration({ above: 0 });
  const to = readLevel(field, ramp.optional('users'), ramp.optional('rate')) ?? missingLevel(field, before);
  return { kind: to.kind, from: to.kind === before.kind ? before.value : 0, to: to.value, durationMs };
}

function readHold(field: Field, before: Level): LevelStage {
  const hold = field.object(['users', 'rate', 'for']);
  const durationMs = hold.required('for').duration({ above: 0 });
  const level = readLevel(field, hold.optional('users'), hold.optional('rate')) ?? before;
  return { kind: level.kind, from: level.value, to: level.value, durationMs };
}

function readArrivals(field: Field): LevelStage {
  const arrivals = field.object(['rate', 'for']);
  const durationMs = arrivals.required('for').duration({ above: 0 });
  const rate = readRate(arrivals.required('rate'));
  return { kind: 'arrivals', from: rate, to: rate, durationMs };
}

function readLevel(field: Field, users: Field | undefined, rate: Field | undefined): Level | undefined {
  if (users !== undefined && rate !== undefined) field.problem('must have either users or rate, not both');
  if (users !== undefined) {
    const value = users.number({ whole: true, atLeast: 0, atMost: usersLimit });
    // A wrong value stands for some users, so that it is not taken for a load of none besides.
    return { kind: 'users', value: value === users.value ? value : 1 };
  }
  return rate === undefined ? undefined : { kind: 'arrivals', value: readRate(rate) };
}

function missingLevel(field: Field, before: Level): Level {
  field.problem('needs the level at which it ends: users: 200 or rate: 50/s');
  return before;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** More users or arrivals a second than any one machine can make: certainly a slip of the finger. */
export const usersLimit = 1_000_000;
export const rateLimit = 1_000_000;

/** `50/s`, `3000/m`, `100/h` as a rate a second. */
export function readRate(field: Field): number {
  const match =
    typeof field.value === 'string' ? /^(\d+(?:\.\d+)?)\s*\/\s*([smh])$/.exec(field.value.trim()) : null;
  if (match === null) {
    field.problem(
      `must be a rate with its unit, like 50/s or 3000/m, got ${JSON.stringify(field.value) ?? 'nothing'}`,
    );
    return 1;
  }
  const rate = Number(match[1]) / (unitSeconds[match[2] as string] as number);
  if (rate <= rateLimit) return rate;
  field.problem(`must be at most ${rateLimit}/s, got ${match[0]}`);
  return rateLimit;
}
