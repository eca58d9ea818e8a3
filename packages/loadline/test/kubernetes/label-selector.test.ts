import fc from 'fast-check';
import { selectorProblem } from 'loadline/kubernetes';
import { describe, expect, it } from 'vitest';

describe('selectorProblem()', () => {
  it.each([
    'app=shop',
    'app == shop',
    'app.kubernetes.io/name=shop,tier!=cache',
    'tier in (web, api),!canary,release',
    'tier notin (cache)',
    'app=',
  ])('finds none in %s', (selector) => {
    expect(selectorProblem(selector)).toBeUndefined();
  });

  it.each([
    ['', /every pod/],
    ['app=shop,', /not understood is ""/],
    ['app in shop', /not understood is "app in shop"/],
    ['app=shop tier=web', /not understood/],
    ['-app=shop', /"-app", which is no name/],
    ['Example.org/app=shop', /no name/],
    ['a/b/c=shop', /no name/],
    [`app=${'x'.repeat(64)}`, /no value/],
    ['app in (shop,-)', /"-", which is no value/],
    [`app in (${'x,'.repeat(600)}x)`, /longer than 1000/],
  ])('says what is wrong with %j', (selector, problem) => {
    expect(selectorProblem(selector)).toMatch(problem);
  });

  it('takes whatever the grammar makes, and never throws', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-\w.]{0,10}[a-z0-9])?$/);
    const key = fc.oneof(
      name,
      fc.tuple(fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8}){0,2}$/), name).map((parts) => parts.join('/')),
    );
    const part = fc.oneof(
      key,
      key.map((text) => `!${text}`),
      fc.tuple(key, fc.constantFrom('=', '==', '!=', ' = '), name).map((parts) => parts.join('')),
      fc
        .tuple(key, fc.constantFrom('in', 'notin'), fc.array(name, { minLength: 1, maxLength: 3 }))
        .map(([text, sign, values]) => `${text} ${sign} (${values.join(', ')})`),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        expect(selectorProblem(parts.join(','))).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof (selectorProblem(text) ?? '')).toBe('string');
      }),
    );
  });
});
