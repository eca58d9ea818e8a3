import type { Terminal } from 'loadline/cli';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeControlPlane, startFakeControlPlane } from './fake-control-plane.ts';

let plane: FakeControlPlane;

const startedAt = '2026-06-06T12:00:00.000Z';
const going = (replaced: number) => groupOf({ state: 'going', startedAt, of: 3, replaced });
const done = groupOf({ state: 'done', startedAt, endedAt: '2026-06-06T12:00:12.340Z', of: 3, replaced: 3 });
const stopped = groupOf({
  ...{ state: 'stopped', startedAt, endedAt: '2026-06-06T12:00:05Z', of: 3, replaced: 1 },
  because: 'shop-5 exited with 1 after 0.2 s\u001b[2J; starts again in 1 s',
});

function groupOf(restart: object) {
  const instances = [
    { id: 'shop-2', state: 'ready' },
    { id: 'shop-4', state: 'starting' },
  ];
  return { group: 'shop', fleet: { instances, restart } };
}

beforeAll(async () => {
  plane = await startFakeControlPlane();
});
afterAll(() => plane.close());
beforeEach(() => {
  plane.asked = [];
});

const restart = (args: readonly string[], further: Partial<Terminal> = {}) =>
  plane.run(['scale', 'restart', ...args], further);

describe('loadline scale restart', () => {
  it('gives the order, follows it to its end, and tells that', async () => {
    plane.answers = [
      { status: 202, body: going(0) },
      { status: 200, body: { items: [going(1)] } },
      { status: 200, body: { items: [done] } },
    ];
    expect(await restart(['shop', '--reason', 'release 12'])).toEqual({
      code: 0,
      out: 'Done: 3 of 3 instances of shop replaced in 12.3 s.\n',
      err: '0 of 3 instances of shop replaced.\n1 of 3 instances of shop replaced.\n',
    });
    expect(plane.asked.slice(0, 2)).toEqual([
      'POST /performance/scaling/restart {"group":"shop","reason":"release 12"}',
      'GET /performance/scaling/status?group=shop',
    ]);
  });

  it('fails where it was stopped, says why, and draws over one line of a screen', async () => {
    plane.answers = [
      { status: 202, body: going(0) },
      { status: 200, body: { items: [stopped] } },
    ];
    const { code, out, err } = await restart(['shop'], { isInteractive: true, width: 60 });
    expect(code).toBe(99);
    expect(out).toBe(
      [
        'Stopped with 1 of 3 instances of shop replaced; the others',
        '    are as they were: shop-5 exited with 1 after 0.2 s·[2J;',
        '    starts again in 1 s.',
        '',
      ].join('\n'),
    );
    expect(err).toBe(`\r\u001b[K${'·'.repeat(20)} 0 of 3 replaced  shop-4 starting\r\u001b[K`);
  });

  it('only gives the order, or ends one, where that is wanted', async () => {
    plane.answers = [{ status: 202, body: going(0) }];
    expect((await restart(['shop', '--no-wait'])).out).toBe('The restart of shop has begun: 3 instances.\n');
    plane.answers = [{ status: 200, body: stopped }];
    const ended = await restart(['shop', '--end', '--json']);
    expect([ended.code, JSON.parse(ended.out)]).toEqual([0, stopped]);
    expect(plane.asked).toEqual([
      'POST /performance/scaling/restart {"group":"shop"}',
      'DELETE /performance/scaling/restart/shop',
    ]);
  });

  it('says so where nobody knows how it ended', async () => {
    plane.answers = [
      { status: 202, body: going(0) },
      { status: 200, body: { items: [{ group: 'shop', unseen: 'it is away' }] } },
    ];
    expect((await restart(['shop'])).out).toContain('is not known here');
  });

  it.each([
    [[], 'it takes the name of one group'],
    [['shop', '--end', '--no-wait'], '--end has nothing to do with'],
    [['shop', '--key-file', '/nowhere'], '--key-file /nowhere cannot be read: there is no such file.'],
  ])('refuses %j', async (args, said) => {
    const { code, err } = await restart(args);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });

  it('tells why it was refused', async () => {
    plane.answers = [{ status: 409, body: { detail: 'Cannot restart shop: the rollout r1 is watching.' } }];
    const { code, err } = await restart(['shop']);
    expect([code, err]).toEqual([2, expect.stringContaining('409: Cannot restart shop: the rollout r1')]);
  });
});
