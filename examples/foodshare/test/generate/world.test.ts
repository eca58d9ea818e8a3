import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cities } from '../../src/generate/cities.ts';
import { eachExchange, tallyExchanges } from '../../src/generate/exchanges.ts';
import { eachPost, type GeneratedPost, statusesOf } from '../../src/generate/posts.ts';
import { generatedTables } from '../../src/generate/tables.ts';
import { createWorld, type World } from '../../src/generate/world.ts';

const dayMs = 86_400_000;
const world = createWorld({ posts: 20_000 });
const posts = Array.from(eachPost(world), (post) => ({ ...post }));

function text(of: World, baseMs = 0): string {
  return generatedTables(of, baseMs)
    .flatMap((table) => [table.name, ...table.rows()])
    .join('');
}

function groupsOf({ users }: World, user: number): number[] {
  return [...users.groups.subarray(user * 5, user * 5 + 5)];
}

describe('a world', () => {
  it('is the same for the same seed and size, and another for another', () => {
    const make = (seed: number) => text(createWorld({ posts: 500, seed }));
    expect(make(7)).toBe(make(7));
    expect(make(7)).not.toBe(make(8));
  });

  it('differs on another day in nothing but its times', () => {
    const size = { posts: 500 };
    const timeless = (baseMs: number) =>
      text(createWorld(size), baseMs).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then');
    expect(timeless(0)).toBe(timeless(1000 * dayMs));
  });

  it('gives everybody five different groups of their own city', () => {
    for (let user = 0; user < world.users.count; user++) {
      const groups = groupsOf(world, user);
      expect(new Set(groups).size).toBe(5);
      for (const group of groups) expect(world.groups.city[group]).toBe(world.users.city[user]);
    }
  });

  it('knows the members of each group, and only them', () => {
    const { memberStart, members, count } = world.groups;
    expect(memberStart[count]).toBe(world.users.count * 5);
    for (let group = 0; group < count; group++) {
      for (const member of members.subarray(memberStart[group], memberStart[group + 1])) {
        expect(groupsOf(world, member)).toContain(group);
      }
    }
  });

  it('puts people around their cities, by the cities’ weights', () => {
    const large = createWorld({ posts: 400_000 });
    const total = cities.reduce((sum, { weight }) => sum + weight, 0);
    for (const [index, city] of cities.entries()) {
      const people = [...large.users.city.keys()].filter((user) => large.users.city[user] === index);
      const expected = (large.users.count * city.weight) / total;
      expect(Math.abs(people.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
      const north = people.map((user) => ((large.users.latitude[user] as number) - city.latitude) * 111.195);
      const deviation = Math.sqrt(north.reduce((sum, km) => sum + km ** 2, 0) / north.length);
      expect(deviation / city.spreadKm).toBeCloseTo(1, 0);
    }
  });

  it('has groups of very unequal sizes', () => {
    const { count, memberStart } = createWorld({ posts: 400_000 }).groups;
    const sizes = Array.from(
      { length: count },
      (_, g) => (memberStart[g + 1] as number) - (memberStart[g] as number),
    );
    sizes.sort((a, b) => a - b);
    const [median, largest] = [sizes[count >> 1] as number, sizes[count - 1] as number];
    expect(largest / median).toBeGreaterThan(15);
  });
});

describe('its posts', () => {
  const count = (status: GeneratedPost['status']): number =>
    posts.filter((post) => post.status === status).length;

  it('are available to exactly a tenth, and claimed to a fiftieth, at any size', () => {
    expect([posts.length, count('available'), count('claimed')]).toEqual([20_000, 2000, 400]);
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 3000 }), (size) => {
        const statuses = Array.from(eachPost({ ...world, posts: size }), ({ status }) => status);
        const of = (wanted: string): number => statuses.filter((status) => status === wanted).length;
        expect({ available: of('available'), claimed: of('claimed') }).toMatchObject({
          available: statusesOf(size).available,
          claimed: statusesOf(size).claimed,
        });
      }),
      { numRuns: 20 },
    );
  });

  it('are to be picked up within the week after the day of generation while they are open, and long ago otherwise', () => {
    for (const { status, createdMs, pickupMs } of posts) {
      expect(createdMs).toBeLessThanOrEqual(0);
      expect(pickupMs).toBeGreaterThan(createdMs);
      if (status === 'available' || status === 'claimed') {
        expect(pickupMs).toBeGreaterThanOrEqual(dayMs);
        expect(pickupMs).toBeLessThanOrEqual(9 * dayMs);
      } else {
        expect(pickupMs).toBeLessThanOrEqual(0);
        expect(createdMs).toBeGreaterThanOrEqual(-60 * dayMs);
      }
    }
  });

  it('are made in the order of their numbers', () => {
    const times = posts.map(({ createdMs }) => createdMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('are picked up in the evening more than at any other time, by the clock of their city', () => {
    const hours = new Array<number>(24).fill(0);
    for (const { pickupMs, sharer } of posts) {
      const zone = Math.round((cities[world.users.city[sharer] as number]?.longitude ?? 0) / 15);
      const hour = (Math.floor(pickupMs / 3_600_000) + zone + 24 * 400) % 24;
      hours[hour] = (hours[hour] as number) + 1;
    }
    expect(hours.indexOf(Math.max(...hours))).toBe(18);
    expect(hours.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('are near the sharer’s home, and in one of the sharer’s groups', () => {
    for (const { sharer, group, latitude, longitude } of posts) {
      const home = world.users.latitude[sharer] as number;
      const east = (longitude - (world.users.longitude[sharer] as number)) * Math.cos((home * Math.PI) / 180);
      expect(Math.hypot(latitude - home, east) * 111.195).toBeLessThan(5);
      expect(groupsOf(world, sharer)).toContain(group);
    }
  });
});

describe('its exchanges', () => {
  it('are between two people, for each post that was claimed, and none lies in the future', () => {
    let seen = 0;
    for (const { number, sharer, receiver, claimedMs, isCompleted, stars } of eachExchange(world)) {
      const post = posts[number] as GeneratedPost;
      expect(post.status).toBe(isCompleted ? 'completed' : 'claimed');
      expect(receiver).not.toBe(sharer);
      expect(claimedMs).toBeGreaterThanOrEqual(post.createdMs);
      expect(claimedMs).toBeLessThanOrEqual(0);
      expect(isCompleted || stars === 0).toBe(true);
      seen++;
    }
    expect(seen).toBe(posts.filter(({ status }) => status === 'completed' || status === 'claimed').length);
  });

  it('are tallied for each who shared and each who waits', () => {
    const { completed, openClaims } = tallyExchanges(world);
    const sum = (numbers: Int32Array): number => numbers.reduce((total, number) => total + number, 0);
    expect(sum(completed)).toBe(posts.filter(({ status }) => status === 'completed').length);
    expect(sum(openClaims)).toBe(400);
  });
});

describe('its tables', () => {
  it('have as many fields a row as columns, no field that COPY would misread, and about as many rows as they say', () => {
    for (const table of generatedTables(world, 0)) {
      let rows = 0;
      for (const row of table.rows()) {
        expect(row.endsWith('\n')).toBe(true);
        expect(row.slice(0, -1).replaceAll('\\N', '')).not.toMatch(/[\\\n\r]/);
        expect(row.split('\t')).toHaveLength(table.columns.length);
        rows++;
      }
      expect(Math.abs(rows - table.rowsExpected), table.name).toBeLessThan(20 + table.rowsExpected / 10);
    }
  });
});
