import type { Field, ObjectField } from '../../../base/index.ts';

/** So many users, or so many arrivals a second. */
export interface Level {
  readonly kind: 'users' | 'arrivals';
  readonly value: number;
}

/** More users or arrivals a second than any one machine can make: certainly a slip of the finger. */
export const usersLimit = 1_000_000;
export const rateLimit = 1_000_000;

/** The level that a stage names; undefined where it names none. */
export function readLevel(stage: ObjectField<'users' | 'rate'>): Level | undefined {
  const users = stage.optional('users');
  const rate = stage.optional('rate');
  if (users !== undefined && rate !== undefined)
    stage.field.problem('must have either users or rate, not both');
  if (users !== undefined) {
    const value = users.number({ whole: true, atLeast: 0, atMost: usersLimit });
    // A wrong value stands for some users, so that it is not taken for a load of none besides.
    return { kind: 'users', value: value === users.value ? value : 1 };
  }
  return rate === undefined ? undefined : { kind: 'arrivals', value: readRate(rate) };
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

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
