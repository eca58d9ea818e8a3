import { hashText } from '../../base/index.ts';
import type { Flag, FlagChoice, FlagCondition, FlagContext, FlagTest, FlagValue } from './flag.ts';

/** What a flag says to somebody, and why. */
export type FlagAnswer =
  | {
      readonly kind: 'value';
      readonly value: FlagValue;
      readonly variant: string;
      /** `static`: there are no rules; `match`: of a rule; `split`: of a share of keys; `default`: no rule fitted. */
      readonly reason: 'static' | 'match' | 'split' | 'default';
    }
  | { readonly kind: 'disabled' }
  /** Shares of keys are dealt out, and the context has no key. */
  | { readonly kind: 'no key' };

/** Pure: the same flag says the same to the same context, everywhere and always. */
export function evaluateFlag(flag: Flag, context: FlagContext): FlagAnswer {
  if (!flag.isEnabled) return { kind: 'disabled' };
  const rule = flag.rules.find(({ when }) => when.every((condition) => holds(condition, context)));
  const choice = rule?.serve ?? flag.serve;
  const variant = choose(flag.name, choice, context.targetingKey);
  if (variant === undefined) return { kind: 'no key' };
  const plain = rule !== undefined ? 'match' : flag.rules.length === 0 ? 'static' : 'default';
  const reason = choice.kind === 'split' ? 'split' : plain;
  return { kind: 'value', value: flag.variants.get(variant) as FlagValue, variant, reason };
}

function choose(name: string, choice: FlagChoice, key: string | undefined): string | undefined {
  if (choice.kind === 'variant') return choice.variant;
  if (key === undefined) return undefined;
  const at = 100 * placeOf(name, key);
  let end = 0;
  for (const { variant, percent } of choice.parts) {
    end += percent;
    if (at < end) return variant;
  }
  // Percents that are 100 but for a rounding.
  return choice.parts.findLast(({ percent }) => percent > 0)?.variant;
}

/**
 * Where a key stands among all, from 0 to below 1: the same on every machine, and another one for each flag, so that
 * it is not always the same who come first. A larger share keeps everybody whom a smaller one had.
 */
function placeOf(name: string, key: string): number {
  return hashText(`${name}\0${key}`) / 2 ** 32;
}

function holds({ attribute, test }: FlagCondition, context: FlagContext): boolean {
  const found = Object.hasOwn(context, attribute) ? context[attribute] : undefined;
  return found !== undefined && found !== null && passes(test, found);
}

function passes(test: FlagTest, found: unknown): boolean {
  switch (test.kind) {
    case 'in':
      return test.values.some((value) => value === found);
    case 'not':
      return !test.values.some((value) => value === found);
    case 'startsWith':
      return typeof found === 'string' && found.startsWith(test.text);
    case 'endsWith':
      return typeof found === 'string' && found.endsWith(test.text);
    case 'above':
      return typeof found === 'number' && found > test.number;
    case 'atLeast':
      return typeof found === 'number' && found >= test.number;
    case 'below':
      return typeof found === 'number' && found < test.number;
    case 'atMost':
      return typeof found === 'number' && found <= test.number;
  }
}
