import fc from 'fast-check';
import { closest, type Field, formatPath, type NumberLimits, nameHint, parse, show } from 'loadline/base';
import { describe, expect, it } from 'vitest';

function problemsOf(input: unknown, read: (root: Field) => unknown): string[] {
  const parsed = parse(input, read);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe('parse()', () => {
  const readService = (root: Field) => {
    const service = root.object(['name', 'port', 'timeout', 'cache', 'routes', 'mode', 'isSecure']);
    return {
      name: service.required('name').string(),
      port: service.required('port').number({ whole: true, atLeast: 1, atMost: 65_535 }),
      timeoutMs: service.optional('timeout')?.duration({ above: 0, atMost: 60_000 }) ?? 1000,
      cacheBytes: service.optional('cache')?.bytes() ?? 0,
      mode: service.optional('mode')?.oneOf(['fast', 'safe']) ?? 'fast',
      isSecure: service.optional('isSecure')?.boolean() ?? false,
      routes: service.optional('routes')?.array((item) => item.object(['path']).required('path').string()),
    };
  };

  it('makes a complete value of what is right', () => {
    expect(parse({ name: 'api', port: 80, timeout: '2s', cache: '1MB', mode: 'safe' }, readService)).toEqual({
      ok: true,
      value: {
        name: 'api',
        port: 80,
        timeoutMs: 2000,
        cacheBytes: 1_000_000,
        mode: 'safe',
        isSecure: false,
        routes: undefined,
      },
    });
  });

  it('collects every problem with its place, what would be right, and what was found', () => {
    const input = {
      name: '',
      port: 70_000,
      timout: '2s',
      timeout: 30,
      cache: 'much',
      mode: 'sfe',
      isSecure: 'yes',
      routes: [{ path: '/a' }, { path: 7 }, { pth: '/b' }, null],
    };
    expect(problemsOf(input, readService)).toEqual([
      'timout: is not known; did you mean timeout?',
      'name: must not be empty',
      'port: must be a whole number at least 1 and at most 65535, got 70000',
      'timeout: must be a duration with a unit, like 250ms, 30s or 2m, got 30',
      'cache: must be a size with a unit, like 512MB or 64KiB, got "much"',
      'mode: must be one of fast, safe, got "sfe"; did you mean safe?',
      'isSecure: must be true or false, got "yes"',
      'routes[1].path: must be a text, got 7; in quotes it is one',
      'routes[2].pth: is not known; did you mean path?',
      'routes[2].path: must be a text, got nothing',
      'routes[3]: must be a map with path, got nothing',
    ]);
  });

  it('tells an absent key from one that is there with null', () => {
    expect(problemsOf({ name: 'a', port: 1, timeout: null }, readService)).toEqual([
      'timeout: must be a duration with a unit, like 250ms, 30s or 2m, got nothing',
    ]);
  });

  it('says of a wrong root what it must be, once', () => {
    for (const input of [undefined, null, 3, 'text', [1]]) {
      expect(problemsOf(input, readService)).toHaveLength(1);
    }
  });

  it('takes names from outside for names, also those that objects inherit', () => {
    const input = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
    const parsed = parse(input, (root) => root.record((entry) => entry.number()));
    expect(parsed.ok && [...parsed.value]).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ]);
    expect(problemsOf({}, (root) => root.object(['constructor']).required('constructor').number())).toEqual([
      'constructor: must be a number, got nothing',
    ]);
    expect(problemsOf(input, (root) => root.object(['name']))).toHaveLength(3);
  });

  it('never throws, whatever the input is', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (input) => {
        parse(input, readService);
        parse(input, (root) => root.record((entry) => entry.array((item) => item.string())));
      }),
    );
  });
});

describe('Field.number()', () => {
  it.each<[NumberLimits, number, string]>([
    [{ above: 0 }, 0, 'must be a number above 0, got 0'],
    [{ atLeast: 1 }, 0.5, 'must be a number at least 1, got 0.5'],
    [{ atMost: 1 }, 2, 'must be a number at most 1, got 2'],
    [{ whole: true }, 1.5, 'must be a whole number, got 1.5'],
    [{ whole: true }, 2 ** 60, 'must be a whole number, got 1152921504606847000'],
    [{}, Number.NaN, 'must be a number, got NaN'],
    [{}, Number.POSITIVE_INFINITY, 'must be a number, got Infinity'],
  ])('holds %j against %d', (limits, value, problem) => {
    expect(problemsOf(value, (root) => root.number(limits))).toEqual([`(root): ${problem}`]);
  });

  it('takes the limits themselves', () => {
    expect(
      problemsOf([1, 5], (root) => root.array((item) => item.number({ atLeast: 1, atMost: 5 }))),
    ).toEqual([]);
  });
});

describe('Field.duration()', () => {
  it('takes a bare 0, in either form, where 0 is allowed', () => {
    expect(problemsOf([0, '0'], (root) => root.array((item) => item.duration()))).toEqual([]);
    expect(problemsOf(0, (root) => root.duration({ above: 0 }))).toEqual([
      '(root): must be longer than 0ms, got 0',
    ]);
  });

  it('tells its limits in the units that they are written in', () => {
    const read = (root: Field) => root.duration({ above: 99, atMost: 3_600_000 });
    expect(problemsOf('2h', read)).toEqual(['(root): must be at most 1h, got "2h"']);
    expect(problemsOf('5ms', read)).toEqual(['(root): must be longer than 99ms, got "5ms"']);
  });

  it('refuses a duration without end', () => {
    expect(problemsOf(`${'9'.repeat(400)}d`, (root) => root.duration())).toHaveLength(1);
  });
});

describe('closest()', () => {
  it.each([
    ['scenarois', 'scenarios'],
    ['LOAD', 'load'],
    ['laod', 'load'],
    ['dtaa', 'data'],
    ['tresholds', 'thresholds'],
    ['x', undefined],
    ['banana', undefined],
    ['a'.repeat(1_000_000), undefined],
  ])('finds for %.12s… what was probably meant', (found, meant) => {
    expect(closest(found, ['scenarios', 'load', 'thresholds', 'data'])).toBe(meant);
  });
});

describe('nameHint()', () => {
  it('tells the name that was probably meant, or which there are', () => {
    expect(nameHint('shpo', ['shop', 'api'])).toBe('did you mean shop?');
    expect(nameHint('worker', ['shop', 'api'])).toBe('there are shop, api');
    expect(nameHint('worker', [])).toBe('there are none');
    const many = Array.from({ length: 1000 }, (_, at) => `instance-${at}`);
    expect(nameHint('worker', many)).toMatch(/instance-19$/);
  });
});

describe('show()', () => {
  it('never gets long, and never prints what is inside of a structure', () => {
    expect(show({ password: 'secret' })).toBe('a map');
    expect(show(['secret'])).toBe('a list of 1');
    expect(show('x'.repeat(1000))).toHaveLength(58);
  });
});
