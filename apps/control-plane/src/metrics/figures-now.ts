import type { Seen } from './seen.ts';

/** What the instances of a service said last, put together. Undefined where none of them says it. */
export interface Figures {
  mean(metric: string): number | undefined;
  sum(metric: string): number | undefined;
  max(metric: string): number | undefined;
}

export function figuresOf(instances: readonly Seen[]): Figures {
  const valuesOf = (metric: string): readonly number[] =>
    instances.map(({ figures }) => figures.get(metric)).filter((value) => value !== undefined);
  const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const orNone =
    (of: (values: readonly number[]) => number) =>
    (metric: string): number | undefined => {
      const values = valuesOf(metric);
      return values.length === 0 ? undefined : of(values);
    };
  return {
    mean: orNone((values) => sumOf(values) / values.length),
    sum: orNone(sumOf),
    max: orNone((values) => Math.max(...values)),
  };
}

export function ratioOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : part / whole;
}

/** What is there of it. */
export function present<Values extends object>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> };
}
