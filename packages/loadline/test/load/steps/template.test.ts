import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { Filler, type Scope, type SlotLinks } from '../../../src/load/steps/filler.ts';
import {
  compileJsonTemplate,
  compileTemplate,
  type Template,
  type TemplateProblems,
} from '../../../src/load/steps/template.ts';

const nowMs = Date.UTC(2026, 0, 31, 12);

type Values = Readonly<Record<string, string>>;

function scope(): Scope {
  return { random: createRandom(1), user: 7, iteration: 3, variables: [], nowMs: () => nowMs };
}

/** Fills a template from named values; what fills nothing says so. */
function fillFrom(template: Template, values: Values): unknown {
  const names: string[] = [];
  const links: SlotLinks = {
    variable: (name) => names.push(name) - 1,
    column: (source, column) => () => values[`${source}.${column}`],
  };
  const filler = new Filler(template, 'body', links);
  const user = {
    ...scope(),
    variables: names.map((name) => (Object.hasOwn(values, name) ? values[name] : undefined)),
  };
  return filler.fill(user) ?? { unfilled: filler.unfilled(user) };
}

function compiled(template: Template | TemplateProblems): Template {
  if ('problems' in template) throw new Error(template.problems.join());
  return template;
}

const filled = (text: string, values: Values = {}): unknown =>
  fillFrom(compiled(compileTemplate(text)), values);
const filledJson = (value: unknown, values: Values = {}): unknown => {
  const text = fillFrom(compiled(compileJsonTemplate(value)), values);
  return typeof text === 'string' ? JSON.parse(text) : text;
};

describe('a template', () => {
  it('fills names, columns and functions', () => {
    const values = { foodId: '42', 'person.lat': '52.5' };
    expect(filled('/food/{{foodId}}?lat={{ person.lat }}&u={{$user}}.{{$iteration}}', values)).toBe(
      '/food/42?lat=52.5&u=7.3',
    );
    expect(filled('{{$time}} {{$time(+2h)}} {{$time( - 30m )}}')).toBe(
      '2026-01-31T12:00:00.000Z 2026-01-31T14:00:00.000Z 2026-01-31T11:30:00.000Z',
    );
    expect(filled('{{$int(5,5)}}{{$int( -3 , -3 )}}')).toBe('5-3');
    expect(filled('{{$uuid}}')).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('leaves text without holes alone, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('{{')),
        (text) => filled(text) === text,
      ),
    );
  });

  it('writes values as they are, and does not look for holes in them', () => {
    expect(filled('<{{a}}>', { a: '{{b}} "\\' })).toBe('<{{b}} "\\>');
  });

  it('says which name had no value', () => {
    expect(filled('{{a}}{{b}}', { a: '1' })).toEqual({ unfilled: 'no value for b' });
    expect(filled('{{person.lat}}')).toEqual({ unfilled: 'no value for person.lat' });
    expect(filled('{{constructor}}')).toEqual({ unfilled: 'no value for constructor' });
  });

  it.each([
    ['/x/{{a', 'has "{{" without "}}" in "{{a"'],
    ['{{}}', 'has "{{}}", which is no name'],
    ['{{a b}}', 'has "{{a b}}", which is no name'],
    ['{{$now}}', 'has "{{$now}}"; known functions are'],
    ['{{$uuid(1)}}', 'but $uuid takes nothing'],
    ['{{$int}}', 'but $int takes two whole numbers'],
    ['{{$int(2,1)}}', 'but $int takes two whole numbers'],
    ['{{$int(1,99999999999999999999)}}', 'but $int takes two whole numbers'],
    ['{{$time(2)}}', 'but $time takes an offset'],
    ['{{$time(+999999999d)}}', 'but $time takes an offset'],
    ['{{a as number}}', 'which is no name'],
  ])('refuses %s and says what would be right', (text, problem) => {
    expect(compileTemplate(text)).toMatchObject({ problems: [expect.stringContaining(problem)] });
  });

  it('tells all that is wrong with its holes, and what the others are filled from', () => {
    expect(compileTemplate('/{{a}}/{{$bar}}/{{x y}}/{{$int(3,1)}}/{{')).toEqual({
      problems: [
        expect.stringContaining('"{{$bar}}"'),
        expect.stringContaining('"{{x y}}"'),
        expect.stringContaining('"{{$int(3,1)}}"'),
        'has "{{" without "}}" in "{{"',
      ],
      slots: [{ kind: 'variable', name: 'a' }],
    });
    expect(compileJsonTemplate({ a: '{{x y}}', b: ['{{$bar}}'] })).toMatchObject({
      problems: [expect.stringContaining('x y'), expect.stringContaining('$bar')],
    });
  });

  it('names of a broken one only the broken end, since a secret may stand before it', () => {
    const { problems } = compileTemplate(`Bearer top-secret {{token`) as TemplateProblems;
    expect(problems.join()).not.toContain('top-secret');
  });

  it('never throws and never takes long, whatever the text is', () => {
    const pieces = fc.constantFrom(
      '{{',
      '}}',
      '{',
      '}',
      '$int(',
      '$time(',
      ')',
      '+',
      '1',
      ',',
      ' ',
      'as number',
      'a',
      '.',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        for (const template of [compileTemplate(parts.join('')), compileJsonTemplate(parts.join(''))]) {
          if (!('problems' in template)) fillFrom(template, {});
        }
      }),
      { numRuns: 1000 },
    );
    const before = performance.now();
    compileJsonTemplate(`{{${' '.repeat(100_000)}a${' '.repeat(100_000)}b}}`);
    compileTemplate(`{{$time(1h${' '.repeat(100_000)}x)}}`);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

describe('a JSON template', () => {
  const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('{{'));

  it('without holes is the value itself', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(filledJson(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('escapes whatever fills it: the reader gets the very text', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
    fc.assert(
      fc.property(texts, texts, (a, literal) => {
        if (literal.includes('{{') || literal.endsWith('{')) return;
        expect(filledJson({ note: `${literal}{{a}}!`, list: ['{{a}}'] }, { a })).toEqual({
          note: `${literal}${a}!`,
          list: [a],
        });
      }),
    );
  });

  it('makes a number where the text is nothing but a hole that says so', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(filledJson({ n: '{{ a  as number }}' }, { a: JSON.stringify(number) })).toEqual({
          n: JSON.parse(JSON.stringify(number)),
        });
      }),
    );
    expect(
      filledJson(['{{person.lat as number}}', '{{$int(4,4) as number}}'], { 'person.lat': '-1.5e3' }),
    ).toEqual([-1500, 4]);
  });

  it.each(['', 'abc', '0x10', '1,5', ' 1', '01', 'NaN', '1]'])('does not take %j for a number', (a) => {
    expect(filledJson({ n: '{{a as number}}' }, { a })).toEqual({ unfilled: 'a is no number' });
  });

  it('keeps odd keys as they are', () => {
    const value = JSON.parse('{"__proto__": "{{a}}", "a\\"b": 1}');
    expect(JSON.stringify(filledJson(value, { a: 'x' }))).toBe('{"__proto__":"x","a\\"b":1}');
  });
});
