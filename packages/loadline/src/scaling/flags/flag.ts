/** What a flag may be: a JSON value. */
export type FlagValue = boolean | string | number | FlagObject;
/** A variant with parts: a map or a list, as JSON has them. */
export type FlagObject = { readonly [key: string]: unknown } | readonly unknown[];

/** A switch that is thrown without a new build: values under names, and rules that say who gets which. */
export interface Flag {
  readonly name: string;
  readonly type: FlagType;
  /** Not enabled, it says nothing, and whoever asks goes by a default of their own. */
  readonly isEnabled: boolean;
  /** By name; at least one, all of the flag's type. */
  readonly variants: ReadonlyMap<string, FlagValue>;
  /** The first whose conditions all hold decides. */
  readonly rules: readonly FlagRule[];
  /** Where none does. */
  readonly serve: FlagChoice;
}

/** What all variants of a flag are. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** Flags by their names. */
export type FlagSet = ReadonlyMap<string, Flag>;

/** Whoever meets all of its conditions gets what it serves. */
export interface FlagRule {
  readonly when: readonly FlagCondition[];
  readonly serve: FlagChoice;
}

/** A variant for everybody, or a share of the keys for each. */
export type FlagChoice =
  | { readonly kind: 'variant'; readonly variant: string }
  /** Percents that are 100 in all, in the order in which keys are dealt out. */
  | {
      readonly kind: 'split';
      readonly parts: readonly { readonly variant: string; readonly percent: number }[];
    };

/** Of one attribute of the context; where the context has none, no condition holds. */
export interface FlagCondition {
  readonly attribute: string;
  readonly test: FlagTest;
}

/** What an attribute has to be; one of another type passes none of them but `not`. */
export type FlagTest =
  | { readonly kind: 'in' | 'not'; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'startsWith' | 'endsWith'; readonly text: string }
  | { readonly kind: 'above' | 'atLeast' | 'below' | 'atMost'; readonly number: number };

/** Who asks, in attributes of any names. The `targetingKey` is what shares of keys are dealt out by. */
export interface FlagContext {
  readonly targetingKey?: string | undefined;
  readonly [attribute: string]: unknown;
}
