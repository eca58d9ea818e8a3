import { createVirtualClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { type BeaconOptions, beaconDoor } from '../../../src/observe/doors/beacon-door.ts';
import { jsonOf, requestOf } from './requests.ts';

const beacon = '{"page":"/food/17","lcpMs":1200}';

function doorOf(options: BeaconOptions = {}, registry: Registry = createRegistry()) {
  const clock = createVirtualClock();
  const door = beaconDoor(options, registry, clock);
  const send = (body: string, origin: string | undefined = 'http://shop.example') =>
    door(
      requestOf({ method: 'POST', url: '/loadline/vitals', body, headers: { origin, host: 'shop.example' } }),
    );
  const pages = (): string[] =>
    registry
      .snapshot()
      .filter(({ name }) => name.startsWith('web_vitals_'))
      .flatMap(({ series }) => series.map(({ labels }) => labels.join()));
  return { clock, door, send, pages };
}

describe('the door for browsers', () => {
  it('takes from pages of its own server, or of those that are named', async () => {
    const { send } = doorOf();
    expect((await send(beacon)).status).toBe(204);
    for (const origin of ['http://evil.example', 'null', ''])
      expect((await send(beacon, origin)).status).toBe(403);
    const named = doorOf({ origins: ['https://www.example'] });
    expect((await named.send(beacon, 'https://www.example')).status).toBe(204);
    expect((await named.send(beacon)).status).toBe(403);
  });

  it('lets through so many a second, and twice as many at once', async () => {
    const { clock, send } = doorOf({ ratePerSecond: 5 });
    const sendMany = async (count: number): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: count }, () => send(beacon)));
      return answers.filter(({ status }) => status === 204).length;
    };
    expect(await sendMany(20)).toBe(10);
    await clock.advance(1000);
    expect(await sendMany(20)).toBe(5);
    expect((await send(beacon)).headers).toMatchObject({ 'retry-after': '1' });
  });

  it('tells every mistake with its place', async () => {
    const answer = await doorOf().send('{"page":"food","lcpMs":-1,"rating":6,"user":"ann"}');
    expect(answer.status).toBe(400);
    const { problems } = jsonOf(answer) as { problems: { path: string[] }[] };
    expect(problems.map(({ path }) => path.join()).toSorted()).toEqual(['lcpMs', 'page', 'rating', 'user']);
  });

  it('keeps known pages apart, and calls everything else other', async () => {
    const { send, pages } = doorOf({ pages: ['/', '/food/:id'] });
    for (const page of ['/', '/food/17', '/food/', '/food/1/2', '/x']) {
      await send(JSON.stringify({ page, lcpMs: 1 }));
    }
    expect(pages()).toEqual(['/', '/food/:id', 'other']);
  });

  it('replaces what looks like an id where it knows no pages, and bounds their number', async () => {
    const { send, pages } = doorOf({ ratePerSecond: 1000 });
    const uuid = '6f1c1d6e-3f0b-4a63-9d0f-6a1f5f1f7c11';
    for (const id of ['17', uuid, 'deadbeefdeadbeef', 'x'.repeat(50)]) {
      await send(JSON.stringify({ page: `/food/${id}/edit`, lcpMs: 1 }));
    }
    expect(pages()).toEqual(['/food/:id/edit']);
    for (let at = 0; at < 300; at++) await send(JSON.stringify({ page: `/page-${at}`, lcpMs: 1 }));
    expect(pages()).toHaveLength(201);
    expect(pages()).toContain('other');
  });

  it('takes nothing by another method, and nothing that is too large', async () => {
    const { door, send } = doorOf();
    expect((await door(requestOf({ url: '/loadline/vitals' }))).headers).toMatchObject({ allow: 'POST' });
    expect((await send(JSON.stringify({ page: '/', more: 'x'.repeat(3000) }))).status).toBe(413);
  });
});
