import { createRandom, normal, type Random, weightedPicker } from 'loadline/base';
import { type City, cities } from './cities.ts';

/** How large a world is, and which one: the same numbers give the same world on every machine. */
export interface WorldSize {
  /** Food posts, from 100. A tenth of them is available. */
  readonly posts: number;
  /** Seed of all randomness, a whole number. Default 1. */
  readonly seed?: number;
}

/**
 * The people and groups of a generated world, by number, in flat arrays: half a million people are 50 MB here
 * and would be several times that as objects.
 */
export interface World {
  readonly posts: number;
  readonly seed: number;
  readonly users: Places & {
    readonly count: number;
    /** Five group numbers for each user, one after the other. */
    readonly groups: Int32Array;
    /** Reputation from 0 to 100, with two decimals. */
    readonly scores: Float64Array;
  };
  readonly groups: Places & {
    readonly count: number;
    /** The users of group g are members[memberStart[g]] up to members[memberStart[g + 1]]. */
    readonly memberStart: Int32Array;
    readonly members: Int32Array;
  };
}

/** Where each of a kind is: its city, and its coordinates in degrees. */
export interface Places {
  readonly city: Uint8Array;
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
}

/** How many groups a user belongs to. */
export const groupsPerUser = 5;

/**
 * Draws the world. One user for 20 posts, and one group for ten users; people live around the centres of forty
 * cities and belong to five groups of their city, rather near and popular ones, so that group sizes are as
 * unequal as they are in life: the largest has a hundred times the members of the median.
 */
export function createWorld({ posts, seed = 1 }: WorldSize): World {
  const userCount = Math.max(1000, Math.round(posts / 20));
  const groupCount = Math.max(5 * cities.length, Math.round(userCount / 10));
  const groupPlaces = placesOf(groupCount, seed, 'groups', evenCities(groupCount));
  const pickCity = weightedPicker(cities.map(({ weight }) => weight));
  const userPlaces = placesOf(userCount, seed, 'users', (_, random) => pickCity(random));
  const memberships = joinGroups(userPlaces, groupPlaces, createRandom(`${seed}:memberships`));
  return {
    posts,
    seed,
    users: {
      count: userCount,
      ...userPlaces,
      groups: memberships,
      scores: drawScores(userCount, createRandom(`${seed}:scores`)),
    },
    groups: { count: groupCount, ...groupPlaces, ...membersOf(groupCount, memberships) },
  };
}

/** Five groups for every city, and the rest by weight, each city's groups one after the other. */
function evenCities(groupCount: number): (index: number) => number {
  const total = cities.reduce((sum, { weight }) => sum + weight, 0);
  const spare = groupCount - 5 * cities.length;
  let weightSoFar = 0;
  const ends = cities.map(({ weight }, index) => {
    weightSoFar += weight;
    return 5 * (index + 1) + Math.round((spare * weightSoFar) / total);
  });
  return (group) => ends.findIndex((end) => group < end);
}

function placesOf(
  count: number,
  seed: number,
  kind: string,
  cityOf: (index: number, random: Random) => number,
): Places {
  const random = createRandom(`${seed}:${kind}`);
  const places = {
    city: new Uint8Array(count),
    latitude: new Float64Array(count),
    longitude: new Float64Array(count),
  };
  for (let index = 0; index < count; index++) {
    const at = cityOf(index, random);
    const city = cities[at] as City;
    places.city[index] = at;
    places.latitude[index] = degrees(city.latitude, normal(random, 0, city.spreadKm));
    places.longitude[index] = degrees(
      city.longitude,
      normal(random, 0, city.spreadKm) / Math.cos((city.latitude * Math.PI) / 180),
    );
  }
  return places;
}

/** A coordinate this many kilometres along its meridian, to 0.1 m. */
export function degrees(coordinate: number, offsetKm: number): number {
  return Math.round((coordinate + offsetKm / kmPerDegree) * 1e6) / 1e6;
}

/** Kilometres of one degree of latitude. */
const kmPerDegree = 111.195;

/**
 * Draws five different groups of the own city for each user. Popularity falls with the group's rank to the
 * power 0.8; a group that is far from home is passed over the more often the farther it is.
 */
function joinGroups(users: Places, groups: Places, random: Random): Int32Array {
  const byCity = cities.map((_, at) => groupsOfCity(groups.city, at));
  const joined = new Int32Array(users.city.length * groupsPerUser);
  for (let user = 0; user < users.city.length; user++) {
    const { first, count, pick } = byCity[users.city[user] as number] as CityGroups;
    const start = user * groupsPerUser;
    for (let taken = 0, tries = 0; taken < groupsPerUser; tries++) {
      // After forty refusals the rest is taken in order, so that a small city can't keep us here for ever.
      const group = first + (tries < 40 ? pick(random) : tries % count);
      if (joined.subarray(start, start + taken).includes(group)) continue;
      if (tries < 40 && random() > Math.exp(-distanceKm(users, user, groups, group) / nearKm)) continue;
      joined[start + taken++] = group;
    }
  }
  return joined;
}

const nearKm = 6;

interface CityGroups {
  readonly first: number;
  readonly count: number;
  readonly pick: (random: Random) => number;
}

function groupsOfCity(cityOfGroup: Uint8Array, at: number): CityGroups {
  const first = cityOfGroup.indexOf(at);
  const count = cityOfGroup.lastIndexOf(at) - first + 1;
  return {
    first,
    count,
    pick: weightedPicker(Array.from({ length: count }, (_, rank) => (rank + 1) ** -0.8)),
  };
}

/** On a plane, which is exact enough within a city. */
function distanceKm(a: Places, i: number, b: Places, j: number): number {
  const latitude = a.latitude[i] as number;
  const north = (b.latitude[j] as number) - latitude;
  const east =
    ((b.longitude[j] as number) - (a.longitude[i] as number)) * Math.cos((latitude * Math.PI) / 180);
  return Math.hypot(north, east) * kmPerDegree;
}

/** Most people are decent: normal around 62, deviation 18. */
function drawScores(count: number, random: Random): Float64Array {
  return Float64Array.from({ length: count }, () => {
    const score = Math.min(100, Math.max(0, normal(random, 62, 18)));
    return Math.round(score * 100) / 100;
  });
}

/** Turns "the groups of each user" into "the users of each group", by counting. */
function membersOf(
  groupCount: number,
  memberships: Int32Array,
): Pick<World['groups'], 'memberStart' | 'members'> {
  const memberStart = new Int32Array(groupCount + 1);
  for (const group of memberships) memberStart[group + 1] = (memberStart[group + 1] as number) + 1;
  for (let group = 0; group < groupCount; group++) {
    memberStart[group + 1] = (memberStart[group + 1] as number) + (memberStart[group] as number);
  }
  const next = memberStart.slice();
  const members = new Int32Array(memberships.length);
  for (let at = 0; at < memberships.length; at++) {
    const group = memberships[at] as number;
    const slot = next[group] as number;
    members[slot] = Math.floor(at / groupsPerUser);
    next[group] = slot + 1;
  }
  return { memberStart, members };
}
