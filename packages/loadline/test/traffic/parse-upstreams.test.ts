import { formatPath } from 'loadline/base';
import { parseUpstreams } from 'loadline/traffic';
import { expect, test } from 'vitest';

const whole = { id: 'api-1', host: '127.0.0.1', port: 8080, mode: 'serving' } as const;

test('a list of upstreams is read as it is', () => {
  const upstreams = [whole, { ...whole, id: 'api-2', mode: 'draining', weight: 0, zone: 'eu-1' }];

  expect(parseUpstreams({ upstreams })).toEqual({ ok: true, value: upstreams });
});

test('every mistake of a list is told at once, each with its place', () => {
  const parsed = parseUpstreams({
    upstreams: [
      { id: 'a b', host: 'x; reload', port: 0, mode: 'gone', weight: 257, zone: '' },
      whole,
      whole,
      { host: 'h' },
    ],
  });

  const places = parsed.ok ? [] : parsed.problems.map(({ path }) => formatPath(path));
  expect(places).toEqual([
    'upstreams[0].weight',
    'upstreams[0].id',
    'upstreams[0].host',
    'upstreams[0].port',
    'upstreams[0].mode',
    'upstreams[0].zone',
    'upstreams[3].id',
    'upstreams[3].port',
    'upstreams[3].mode',
    'upstreams[2].id',
  ]);
});

test('more upstreams than a proxy takes are refused', () => {
  const upstreams = Array.from({ length: 10_001 }, (_, index) => ({ ...whole, id: `api-${index}` }));

  expect(parseUpstreams({ upstreams })).toEqual({
    ok: false,
    problems: [{ path: ['upstreams'], message: 'must be at most 10000, got 10001' }],
  });
});
