import fc from 'fast-check';
import { evaluateFlag, type Flag, type FlagAnswer, parseFlag } from 'loadline/scaling/flags';
import { describe, expect, it } from 'vitest';

function flag(definition: unknown, name = 'checkout'): Flag {
  const parsed = parseFlag(name, definition);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function variantOf(answer: FlagAnswer): string {
  return answer.kind === 'value' ? answer.variant : answer.kind;
}

const keys = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);

function sharesOf(definition: unknown, name?: string): string[] {
  const parsed = flag(definition, name);
  return keys.map((targetingKey) => variantOf(evaluateFlag(parsed, { targetingKey })));
}

describe('evaluateFlag()', () => {
  it('says the same to everybody where there are no rules', () => {
    expect(evaluateFlag(flag(true), {})).toEqual({
      kind: 'value',
      value: true,
      variant: 'value',
      reason: 'static',
    });
    expect(evaluateFlag(flag({ serve: 'off' }), {})).toMatchObject({
      value: false,
      variant: 'off',
      reason: 'static',
    });
  });

  it('goes by the first rule whose conditions all hold', () => {
    const found = flag({
      rules: [
        { when: { group: 'api', region: ['eu', 'us'] }, serve: 'on' },
        { when: { group: { not: ['bots', 'api'] } }, serve: 'on' },
      ],
      serve: 'off',
    });
    expect(evaluateFlag(found, { group: 'api', region: 'us' })).toMatchObject({
      value: true,
      reason: 'match',
    });
    expect(evaluateFlag(found, { group: 'api', region: 'asia' })).toMatchObject({
      value: false,
      reason: 'default',
    });
    expect(evaluateFlag(found, { group: 'api' })).toMatchObject({ value: false });
    expect(evaluateFlag(found, { group: 'workers' })).toMatchObject({ value: true });
    expect(evaluateFlag(found, {})).toMatchObject({ value: false });
  });

  it.each([
    [{ startsWith: 'a' }, 'api', 'bots'],
    [{ endsWith: 'i' }, 'api', 'bots'],
    [{ above: 3 }, 4, 3],
    [{ atLeast: 3 }, 3, 2.9],
    [{ below: 3 }, 2, 3],
    [{ atMost: 3 }, 3, 3.1],
    [{ atLeast: 1, below: 3 }, 2, 3],
    [{ in: [1, true, 'x'] }, true, 'true'],
    [7, 7, '7'],
  ])('tests an attribute by %j', (test, passing, failing) => {
    const found = flag({ rules: [{ when: { it: test }, serve: 'on' }], serve: 'off' });
    expect(evaluateFlag(found, { it: passing })).toMatchObject({ value: true });
    for (const it of [failing, null, undefined])
      expect(evaluateFlag(found, { it })).toMatchObject({ value: false });
  });

  it('takes no attribute from where objects come from', () => {
    const found = flag({ rules: [{ when: { constructor: { not: 'x' } }, serve: 'on' }], serve: 'off' });
    expect(evaluateFlag(found, {})).toMatchObject({ value: false });
  });

  it('deals out keys by their shares, to within half a percent', () => {
    const served = sharesOf({ serve: { on: 20, off: 80 } });
    expect(served.filter((variant) => variant === 'on').length / keys.length).toBeCloseTo(0.2, 1);
    expect(Math.abs(served.filter((variant) => variant === 'on').length / keys.length - 0.2)).toBeLessThan(
      0.01,
    );
    expect(evaluateFlag(flag({ serve: { on: 20, off: 80 } }), { targetingKey: 'ada' })).toMatchObject({
      reason: 'split',
    });
  });

  it('keeps in a larger share everybody who was in the smaller one', () => {
    const [fewer, more] = [
      sharesOf({ serve: { on: 10, off: 90 } }),
      sharesOf({ serve: { on: 30, off: 70 } }),
    ];
    expect(fewer.every((variant, index) => variant === 'off' || more[index] === 'on')).toBe(true);
  });

  it('does not deal out keys together that follow each other', () => {
    const served = sharesOf({ serve: { on: 50, off: 50 } });
    const decades = Array.from({ length: served.length / 10 }, (_, at) =>
      served.slice(10 * at, 10 * at + 10),
    );
    const alike = decades.filter((decade) => new Set(decade).size === 1).length;
    // By chance one of 512 is.
    expect(alike / decades.length).toBeLessThan(0.01);
  });

  it('has other keys come first for another flag', () => {
    const [a, b] = [
      sharesOf({ serve: { on: 50, off: 50 } }, 'a'),
      sharesOf({ serve: { on: 50, off: 50 } }, 'b'),
    ];
    const both = a.filter((variant, index) => variant === 'on' && b[index] === 'on').length;
    expect(Math.abs(both / keys.length - 0.25)).toBeLessThan(0.015);
  });

  it('always gives one of the variants, the same one for the same key', () => {
    const percents = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(percents, fc.string(), (weights, targetingKey) => {
        const sum = weights.reduce((total, weight) => total + weight, 0);
        fc.pre(sum > 0);
        const parts = weights.map((weight, index) => [`v${index}`, (100 * weight) / sum] as const);
        const variants = Object.fromEntries(parts.map(([name], index) => [name, index]));
        const found = flag({ variants, serve: Object.fromEntries(parts) });
        const answer = evaluateFlag(found, { targetingKey });
        expect(answer).toMatchObject({ kind: 'value', value: expect.any(Number) });
        expect(weights[Number(variantOf(answer).slice(1))]).toBeGreaterThan(0);
        expect(evaluateFlag(found, { targetingKey })).toEqual(answer);
      }),
    );
  });

  it('deals out nothing to who has no key, and says nothing where it is not enabled', () => {
    expect(evaluateFlag(flag({ serve: { on: 100 } }), { group: 'api' })).toEqual({ kind: 'no key' });
    expect(evaluateFlag(flag({ enabled: false, serve: 'on' }), {})).toEqual({ kind: 'disabled' });
  });
});
