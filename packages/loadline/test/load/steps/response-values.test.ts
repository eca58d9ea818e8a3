import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { OpenedResponse, prepareCheck, prepareExtraction } from '../../../src/load/steps/response-reader.ts';
import type { Check, Extraction } from '../../../src/load/steps/response-values.ts';

function reader(body: string, counted = { decodings: 0 }, seed = 1) {
  const opened = new OpenedResponse({
    status: 201,
    header: (name: string) => ({ location: '/food/7', etag: '' })[name],
    body: () => {
      counted.decodings++;
      return Buffer.from(body);
    },
  });
  const scope = { random: createRandom(seed), cookie: (name: string) => ({ sid: 'abc' })[name] };
  return {
    extract: (extraction: Extraction) => prepareExtraction(extraction)(opened, scope),
    holds: (check: Check) => prepareCheck(check)(opened),
  };
}

const json = (pointer: string): Extraction => ({
  kind: 'json',
  pointer: pointer === '' ? [] : pointer.slice(1).split('/'),
});
const equals = (pointer: string, value: string | number | boolean | null): Check => ({
  kind: 'json',
  pointer: pointer.slice(1).split('/'),
  expected: { kind: 'equals', value },
  name: pointer,
});

describe('an extraction', () => {
  const body = '{"id":7,"name":"soup","isFree":false,"note":null,"items":[{"id":"a"}],"zero":0}';

  it.each([
    ['/id', '7'],
    ['/name', 'soup'],
    ['/isFree', 'false'],
    ['/zero', '0'],
    ['/items/0/id', 'a'],
    ['/items', '[{"id":"a"}]'],
    ['/note', undefined],
    ['/nothing', undefined],
    ['/items/1/id', undefined],
  ])('takes %s of JSON as text', (pointer, text) => {
    expect(reader(body).extract(json(pointer))).toBe(text);
  });

  it('takes a header, and the first group of a pattern or else all of it', () => {
    expect(reader('').extract({ kind: 'header', name: 'location' })).toBe('/food/7');
    expect(reader('id=42;').extract({ kind: 'pattern', pattern: /id=(\d+)/ })).toBe('42');
    expect(reader('id=42;').extract({ kind: 'pattern', pattern: /\d+/ })).toBe('42');
    expect(reader('id=42;').extract({ kind: 'pattern', pattern: /x/ })).toBeUndefined();
  });

  it.each(['', 'no json', '{"id":', '<html>'])('finds nothing in %j instead of failing', (text) => {
    expect(reader(text).extract(json('/id'))).toBeUndefined();
  });
});

describe('an extraction of a random element', () => {
  const fromList: Extraction = { kind: 'json', randomOf: ['items'], pointer: ['id'] };

  it('takes every element about as often', () => {
    const body = JSON.stringify({ items: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
    const counts = new Map<string | undefined, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const id = reader(body, undefined, seed).extract(fromList);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual(['a', 'b', 'c']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it.each(['{"items":[]}', '{"items":{"0":{"id":1}}}', '{}', ''])('finds nothing in %s', (body) => {
    expect(reader(body).extract(fromList)).toBeUndefined();
  });
});

describe('a check', () => {
  it('holds what it says against the response', () => {
    const body = '{"n":1,"s":"1","t":true,"z":null}';
    const holds = (check: Check): boolean => reader(body).holds(check);
    expect(holds({ kind: 'status', statuses: [200, 201], name: '' })).toBe(true);
    expect(holds({ kind: 'status', statuses: [200], name: '' })).toBe(false);
    expect(holds({ kind: 'header', header: 'location', equals: '/food/7', name: '' })).toBe(true);
    expect(holds({ kind: 'header', header: 'etag', equals: '', name: '' })).toBe(true);
    expect(holds({ kind: 'header', header: 'missing', equals: '', name: '' })).toBe(false);
    expect(holds({ kind: 'body', contains: '"s":"1"', name: '' })).toBe(true);
    expect(holds({ kind: 'body', contains: 'x', name: '' })).toBe(false);
    expect([holds(equals('/n', 1)), holds(equals('/n', '1')), holds(equals('/s', '1'))]).toEqual([
      true,
      false,
      true,
    ]);
    expect([holds(equals('/t', true)), holds(equals('/z', null)), holds(equals('/y', null))]).toEqual([
      true,
      true,
      false,
    ]);
    const exists = (key: string): Check => ({
      kind: 'json',
      pointer: [key],
      expected: { kind: 'exists' },
      name: '',
    });
    expect([holds(exists('z')), holds(exists('y')), holds(exists('toString'))]).toEqual([true, false, false]);
  });
});

describe('a reader', () => {
  it('takes a body once, however often it is asked', () => {
    const counted = { decodings: 0 };
    const asked = reader('{"a":1}', counted);
    for (let i = 0; i < 5; i++) asked.extract(json('/a'));
    expect(counted.decodings).toBe(1);
    const broken = reader('{', counted);
    for (let i = 0; i < 5; i++) broken.holds(equals('/a', 1));
    expect(counted.decodings).toBe(2);
  });
});
