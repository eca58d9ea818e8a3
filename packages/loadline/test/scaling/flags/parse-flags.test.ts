import fc from 'fast-check';
import { evaluateFlag, parseFlag, parseFlags } from 'loadline/scaling/flags';
import { describe, expect, it } from 'vitest';

function problemsOf(flags: unknown): string[] {
  const parsed = parseFlags({ flags });
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path.slice(1).join('.')} ${message}`);
}

describe('parseFlags()', () => {
  it('reads values of every type, and flags without rules in short', () => {
    const parsed = parseFlags({
      flags: {
        forecast: true,
        greeting: 'hello',
        limit: 12.5,
        layout: { variants: { wide: { columns: 3 }, narrow: { columns: 1 } }, serve: 'wide' },
      },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect([...parsed.value.values()].map(({ name, type }) => [name, type])).toEqual([
      ['forecast', 'boolean'],
      ['greeting', 'string'],
      ['limit', 'number'],
      ['layout', 'object'],
    ]);
  });

  it('tells everything that is wrong at once', () => {
    const problems = problemsOf({
      '-x': true,
      a: { serve: 'of' },
      b: { serve: { on: 20, off: 70 } },
      c: { variants: { x: 1, y: 'one' }, serve: 'x' },
      d: { variants: {}, serve: 'on' },
      e: { rules: [{ when: { group: { startWith: 'a' } } }], serve: 'on' },
      f: {
        rules: [
          { when: { group: [] }, serve: 'on' },
          { when: { group: {} }, serve: 'on' },
        ],
        serve: 'on',
      },
      g: { serve: 'on', enable: true },
      h: Number.NaN,
      i: null,
      j: { rules: [{ when: { group: [{}] }, serve: 'on' }], serve: 'on' },
      k: { variants: { x: null }, serve: 'x' },
    });
    for (const expected of [
      '-x must have a name of 1 to 100 letters',
      'a.serve must be one of on, off, got "of"',
      'b.serve must be 100 percent in all, got 90',
      'c.variants must all be of one type, got number and string',
      'd.variants must name at least one',
      'e.rules.0.when.group.startWith is not known; did you mean startsWith?',
      'e.rules.0.serve must be one of on, off, got nothing',
      'f.rules.0.when.group must not be empty',
      'f.rules.1.when.group must have at least one test',
      'g.enable is not known; did you mean enabled?',
      'h must be a number',
      'i must be a map',
      'j.rules.0.when.group.0 must be a text, a number, or true or false',
      'k.variants.x must be true or false',
    ]) {
      expect(problems).toContainEqual(expect.stringContaining(expected));
    }
  });

  it.each([[undefined], [[]], [{ flags: 3 }], [{ flag: {} }]])('refuses %j', (input) => {
    expect(parseFlags(input).ok).toBe(false);
  });

  it('takes anything, and gives a flag that answers or says why not', () => {
    const choice = fc.oneof(
      fc.constantFrom('on', 'off', true),
      fc.constant({ on: 30, off: 70 }),
      fc.jsonValue(),
    );
    const test = fc.oneof(fc.jsonValue(), fc.constantFrom('x', ['x'], { not: 'x' }, { above: 1 }));
    const rule = fc.record({ when: fc.dictionary(fc.string(), test), serve: choice });
    const written = fc.oneof(
      fc.jsonValue(),
      fc.record({ rules: fc.array(rule, { maxLength: 3 }), serve: choice }),
    );
    fc.assert(
      fc.property(written, fc.dictionary(fc.string(), fc.jsonValue()), (definition, context) => {
        const parsed = parseFlag('a', definition);
        if (!parsed.ok) {
          expect(parsed.problems.length).toBeGreaterThan(0);
          return;
        }
        const answer = evaluateFlag(parsed.value, { ...context, targetingKey: 'ada' });
        if (answer.kind === 'value') expect([...parsed.value.variants.values()]).toContain(answer.value);
      }),
    );
  });
});
