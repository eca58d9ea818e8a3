import { createVirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { type ActiveUsers, observeUsers, UserSketch } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

function instance(key = 'a key of the group', clock = createVirtualClock()) {
  const registry = createRegistry();
  const users: ActiveUsers = observeUsers(registry, key, clock);
  const shown = (): number => {
    const family = registry.snapshot().find(({ name }) => name === 'http_active_users');
    return family?.kind === 'gauge' ? (family.series[0]?.value ?? Number.NaN) : Number.NaN;
  };
  return { clock, users, shown };
}

describe('observeUsers()', () => {
  it('counts whoever was there in the last five minutes once', async () => {
    const { clock, users, shown } = instance();
    users.see('ann');
    await clock.advance(60_000);
    users.see('ann');
    users.see('bob');
    expect(shown()).toBe(2);
    await clock.advance(269_000);
    expect(shown()).toBe(2);
    await clock.advance(31_000);
    expect(shown()).toBe(0);
  });

  it('knows when somebody was there also where nobody looked for a long time', async () => {
    const { clock, users, shown } = instance();
    users.see('ann');
    await clock.advance(240_000);
    users.see('bob');
    await clock.advance(90_000);
    expect(shown()).toBe(1);
  });

  it('counts everybody of a crowd, and each once', () => {
    const { users, shown } = instance();
    for (let nth = 0; nth < 1000; nth++) users.see(`user-${nth % 150}`);
    expect(shown()).toBe(150);
  });

  it('counts a user of several instances once in their union, where they have one key', () => {
    const all = [instance(), instance(), instance('another key')];
    all[0]?.users.see('ann');
    all[1]?.users.see('ann');
    all[1]?.users.see('bob');
    all[2]?.users.see('ann');
    const [one, two, other] = all.map(({ users }) => UserSketch.decode(users.recent().encode()));
    one?.unite(two as UserSketch);
    expect(one?.count).toBe(2);
    one?.unite(other as UserSketch);
    expect(one?.count).toBe(3);
  });
});
