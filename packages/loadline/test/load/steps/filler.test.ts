import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { Filler, type Place, type Scope, type SlotLinks } from '../../../src/load/steps/filler.ts';
import { compileJsonTemplate, compileTemplate } from '../../../src/load/steps/template.ts';

const columns: Readonly<Record<string, readonly string[]>> = { name: ['ann', 'bob'], age: ['31', 'old'] };

/** Places in the order in which they are asked for; two rows of people, one a user. */
function linksTo(names: string[]): SlotLinks {
  return {
    variable: (name) => (names.includes(name) ? names.indexOf(name) : names.push(name) - 1),
    column: (source, column) => (user) => (source === 'people' ? columns[column]?.[user] : undefined),
  };
}

interface Filled {
  readonly filler: Filler;
  readonly scope: Scope;
}

function prepare(
  template: ReturnType<typeof compileTemplate>,
  place: Place,
  values: Readonly<Record<string, string>>,
  given: Partial<Scope> = {},
): Filled {
  if ('problems' in template) throw new Error(template.problems.join());
  const names: string[] = [];
  const filler = new Filler(template, place, linksTo(names));
  const variables = names.map((name) => values[name]);
  const scope = { random: createRandom(1), user: 0, iteration: 3, variables, nowMs: () => 0, ...given };
  return { filler, scope };
}

function fill(text: string, place: Place = 'body', values: Readonly<Record<string, string>> = {}): unknown {
  const { filler, scope } = prepare(compileTemplate(text), place, values);
  return filler.fill(scope);
}

describe('a filler', () => {
  it('puts values between the literals, in order and as often as they stand there', () => {
    expect(fill('{{a}}-{{b}}{{a}}!', 'body', { a: '1', b: '2' })).toBe('1-21!');
  });

  it('reads every kind of slot', () => {
    const text = '{{people.name}} {{$user}} {{$iteration}} {{$int(5,5)}} {{$time(+1h)}} {{$uuid}}';
    expect(fill(text)).toMatch(
      /^ann 0 3 5 1970-01-01T01:00:00.000Z [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/,
    );
  });

  it('without holes is a constant, as it will stand in its place', () => {
    const constant = (text: string, place: Place): unknown =>
      prepare(compileTemplate(text), place, {}).filler.constant;
    expect(constant('/käse brot?a=b c', 'path')).toBe('/k%C3%A4se%20brot?a=b%20c');
    expect(constant('käse brot', 'body')).toBe('käse brot');
    expect(constant('{{a}}', 'body')).toBeUndefined();
  });

  it('says which value it lacks, and which is no number', () => {
    const why = (template: ReturnType<typeof compileTemplate>, values = {}, user = 0): unknown => {
      const { filler, scope } = prepare(template, 'body', values, { user });
      return filler.fill(scope) ?? filler.unfilled(scope);
    };
    expect(why(compileTemplate('{{a}}{{b}}'), { a: '1' })).toBe('no value for b');
    expect(why(compileTemplate('{{people.height}}'))).toBe('no value for people.height');
    expect(why(compileTemplate('{{people.name}}'), {}, 7)).toBe('no value for people.name');
    const age = compileJsonTemplate({ age: '{{people.age as number}}' });
    expect([why(age), why(age, {}, 1)]).toEqual(['{"age":31}', 'people.age is no number']);
  });

  it('draws the same values from the same stream', () => {
    const text = '{{$uuid}} {{$int(1,1000000)}}';
    expect(fill(text)).toBe(fill(text));
  });
});

describe('what fills a hole', () => {
  const anything = fc.string({ unit: 'binary' });

  it('cannot break out of a path', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const path = fill('/x/{{a}}', 'path', { a: value }) as string;
        expect(path).toMatch(/^\/x\/[\x21-\x7e]*$/);
        expect(URL.canParse(path, 'http://127.0.0.1')).toBe(true);
      }),
    );
  });

  it('keeps what has a meaning in a path or a query', () => {
    expect(fill('{{a}}', 'path', { a: '/a/b?c=d&e=f+g#h%20' })).toBe('/a/b?c=d&e=f+g#h%20');
  });

  it('cannot begin a header', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(fill('{{a}}', 'header', { a: value })).not.toMatch(/[\r\n\0]/);
      }),
    );
    expect(fill('Bearer {{a}}', 'header', { a: 'x\r\n\0evil: y' })).toBe('Bearer x evil: y');
  });

  it('stays the same text in a JSON body, whatever it is', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const template = compileJsonTemplate({ 'a"b': 'x{{a}}"y', list: ['{{a}}'] });
        const { filler, scope } = prepare(template, 'body', { a: value });
        const filled = filler.fill(scope) as string;
        expect(JSON.parse(filled)).toEqual({ 'a"b': `x${value}"y`, list: [value] });
        expect(Buffer.from(filled).toString()).toBe(filled);
      }),
    );
  });

  it.each(['0', '-1', '1.5', '1e9', '-0.5E-7'])('may be the JSON number %s', (value) => {
    const { filler, scope } = prepare(compileJsonTemplate(['{{a as number}}']), 'body', { a: value });
    expect(JSON.parse(filler.fill(scope) as string)).toEqual([Number(value)]);
  });

  it.each(['', ' 1', '01', '1.', '.5', '+1', 'NaN', 'Infinity', '0x10', '1,2', '1}'])(
    'is no JSON number where it is %j',
    (value) => {
      const { filler, scope } = prepare(compileJsonTemplate(['{{a as number}}']), 'body', { a: value });
      expect(filler.fill(scope)).toBeUndefined();
    },
  );
});
