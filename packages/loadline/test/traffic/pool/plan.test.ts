import { describe, expect, it } from 'vitest';
import { restOf, whyNotUp } from '../../../src/traffic/pool/plan.ts';
import type { SeenUpstream } from '../../../src/traffic/upstream.ts';

function seen(status: SeenUpstream['status'], inFlight?: number): ReadonlyMap<string, SeenUpstream> {
  return new Map([['a', { id: 'a', host: '10.0.0.1', port: 80, status, inFlight }]]);
}

const gone = new Map<string, SeenUpstream>();

describe('restOf()', () => {
  it.each([
    ['gone everywhere', [gone, gone], { kind: 'none' }],
    ['done here and gone there', [seen('draining', 0), gone], { kind: 'none' }],
    ['down with nothing', [seen('down', 0)], { kind: 'none' }],
    ['idle, and still getting requests', [seen('up', 0)], { kind: 'some', inFlight: 0 }],
    ['busy in two', [seen('draining', 2), seen('draining', 3)], { kind: 'some', inFlight: 5 }],
    [
      'a proxy that cannot tell',
      [seen('draining'), seen('draining', 3)],
      { kind: 'some', inFlight: undefined },
    ],
    ['a proxy that does not answer', [undefined, seen('draining', 0)], { kind: 'some', inFlight: undefined }],
  ] as const)('of one that is %s', (_, views, rest) => {
    expect(restOf('a', views)).toEqual(rest);
  });
});

describe('whyNotUp()', () => {
  const upstream = { id: 'a', host: '10.0.0.1', port: 80 };

  it.each([
    [undefined, 'is not there yet'],
    [seen('up').get('a'), undefined],
    [seen('down').get('a'), 'does not pass its checks'],
    [seen('draining').get('a'), 'is still draining'],
  ])('of %j says %j', (found, why) => {
    expect(whyNotUp(upstream, found)).toBe(why);
  });

  it('knows one at another address', () => {
    expect(whyNotUp({ ...upstream, port: 81 }, seen('up').get('a'))).toBe('is still there as 10.0.0.1:80');
  });
});
