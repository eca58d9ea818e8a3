import { createRandom, normal, type Random, weightedPicker } from 'loadline/base';
import { type City, cities } from './cities.ts';
import { degrees, groupsPerUser, type World } from './world.ts';

/** One food post of the world. Times are milliseconds from the start of the day of generation. */
export interface GeneratedPost {
  readonly number: number;
  readonly sharer: number;
  readonly group: number;
  readonly status: 'available' | 'claimed' | 'completed' | 'expired';
  readonly createdMs: number;
  readonly pickupMs: number;
  readonly latitude: number;
  readonly longitude: number;
  /** Which food, and which sentence about it. */
  readonly food: number;
  readonly remark: number;
}

/** How far back the posts go. */
export const historyDays = 60;
const dayMs = 86_400_000;
const quarterMs = 900_000;

/** What the status of the nth post is, by arithmetic, so that exactly a tenth is available. */
export function statusesOf(posts: number): {
  readonly available: number;
  readonly claimed: number;
  readonly past: number;
} {
  const available = Math.round(posts / 10);
  const claimed = Math.round(posts / 50);
  return { available, claimed, past: posts - available - claimed };
}

/**
 * All posts, oldest first, always the same for the same world. The last 12 % are open: made within the two days
 * before, available or claimed, to be picked up from the day after the generation on, for a week, mostly soon
 * and mostly at noon or in the evening. So none has run out while that day lasts. The rest is history.
 *
 * The record is one and the same object for every post: take what you need before you ask for the next.
 */
export function* eachPost(world: World): Generator<GeneratedPost> {
  const random = createRandom(`${world.seed}:posts`);
  const { available, claimed, past } = statusesOf(world.posts);
  const open = available + claimed;
  const post: Mutable<GeneratedPost> = { ...blank };
  for (let number = 0; number < world.posts; number++) {
    // The exponent makes a few people share a lot: the busiest has some hundred posts of ten million.
    const sharer = Math.floor(world.users.count * random() ** 1.3);
    const city = cities[world.users.city[sharer] as number] as City;
    post.number = number;
    post.sharer = sharer;
    post.group = world.users.groups[sharer * groupsPerUser + Math.floor(random() * groupsPerUser)] as number;
    post.food = Math.floor(random() * 2 ** 20);
    post.remark = Math.floor(random() * 2 ** 20);
    const eastKm = normal(random, 0, 0.7) / Math.cos((city.latitude * Math.PI) / 180);
    post.latitude = degrees(world.users.latitude[sharer] as number, normal(random, 0, 0.7));
    post.longitude = degrees(world.users.longitude[sharer] as number, eastKm);
    const opened = number - past;
    if (opened < 0) {
      post.createdMs = Math.floor(((number + random()) / past - 1) * (historyDays - 2) * dayMs) - 2 * dayMs;
      post.pickupMs = pickupAfter(random, post.createdMs, city);
      post.status = random() < 0.75 ? 'completed' : 'expired';
    } else {
      post.createdMs = Math.floor(((opened + random()) / open - 1) * 2 * dayMs);
      post.pickupMs = pickupAfter(random, dayMs + soonDays(random) * dayMs, city);
      post.status = spreadEvenly(opened, claimed, open) ? 'claimed' : 'available';
    }
    yield post;
  }
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

const blank: GeneratedPost = {
  number: 0,
  sharer: 0,
  group: 0,
  status: 'available',
  createdMs: 0,
  pickupMs: 0,
  latitude: 0,
  longitude: 0,
  food: 0,
  remark: 0,
};

/** Whether the nth of `total` is one of `chosen` that lie evenly among them. */
function spreadEvenly(nth: number, chosen: number, total: number): boolean {
  return Math.floor(((nth + 1) * chosen) / total) > Math.floor((nth * chosen) / total);
}

/** Whole days until the pickup, 0 to 6, the sooner the likelier. */
function soonDays(random: Random): number {
  return Math.floor(7 * random() ** 2);
}

/** A quarter of an hour within the 24 hours after a moment, at a time of day when people come by. */
function pickupAfter(random: Random, afterMs: number, city: City): number {
  const zoneHours = Math.round(city.longitude / 15);
  const hourUtc = (pickHour(random) - zoneHours + 24) % 24;
  const quarter = Math.floor(random() * 4);
  const pickupMs = Math.floor(afterMs / dayMs) * dayMs + hourUtc * 3_600_000 + quarter * quarterMs;
  return pickupMs > afterMs ? pickupMs : pickupMs + dayMs;
}

/** Local hours of the day by how many people come then. */
const pickHour = weightedPicker([0, 0, 0, 0, 0, 0, 1, 3, 4, 4, 5, 8, 9, 6, 4, 5, 8, 14, 16, 14, 9, 5, 2, 0]);
