import { expect, it } from 'vitest';
import { openMessage, prepareMatch } from '../../../src/load/steps/message-match.ts';

const price = { event: 'price', body: Buffer.from('{"type":"price","item":{"id":7}}') };
const isId = (value: number) =>
  ({
    kind: 'json',
    name: 'id',
    pointer: ['item', 'id'],
    expected: { kind: 'equals', value },
  }) as const;

it('a match that asks for nothing takes any message', () => {
  const matches = prepareMatch({ checks: [] });
  expect(matches(price, undefined)).toBe(true);
  expect(matches({ event: undefined, body: Buffer.alloc(0) }, undefined)).toBe(true);
});

it.each<[what: string, expected: boolean, match: Parameters<typeof prepareMatch>[0], contains?: string]>([
  ['the type of its event', true, { event: 'price', checks: [] }],
  ['another type of event', false, { event: 'order', checks: [] }],
  ['a part of its text', true, { checks: [] }, '"id":7'],
  ['what its text has not', false, { checks: [] }, '"id":8'],
  ['what its JSON holds', true, { checks: [isId(7)] }],
  ['what its JSON does not hold', false, { checks: [isId(8)] }],
  ['several things that hold', true, { event: 'price', checks: [isId(7)] }, 'item'],
  ['several things of which one does not', false, { event: 'price', checks: [isId(7)] }, 'order'],
])('a match may ask for %s', (_, expected, match, contains) => {
  expect(prepareMatch(match)(price, contains)).toBe(expected);
});

it('a match takes an event without a type for a message, as browsers do', () => {
  const untyped = { event: undefined, body: Buffer.from('x') };
  expect(prepareMatch({ event: 'message', checks: [] })(untyped, undefined)).toBe(true);
  expect(openMessage(untyped).header('event')).toBe('message');
});

it('a match finds no JSON in what is none', () => {
  const garbage = { event: undefined, body: Buffer.from('{"item":') };
  expect(prepareMatch({ checks: [isId(7)] })(garbage, undefined)).toBe(false);
});
