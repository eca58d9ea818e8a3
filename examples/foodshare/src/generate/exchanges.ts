import { createRandom, integerBetween, type Random, weightedPicker } from 'loadline/base';
import { eachPost } from './posts.ts';
import type { World } from './world.ts';

/** What came of a post that somebody claimed. It has the number of its post. */
export interface GeneratedExchange {
  readonly number: number;
  readonly sharer: number;
  readonly receiver: number;
  readonly isCompleted: boolean;
  readonly claimedMs: number;
  readonly pickupMs: number;
  /** What the receiver gave, 0 where they gave none. */
  readonly stars: number;
}

/** The exchanges of all claimed and completed posts; one reused record, as with the posts. */
export function* eachExchange(world: World): Generator<GeneratedExchange> {
  const random = createRandom(`${world.seed}:exchanges`);
  const exchange = {
    number: 0,
    sharer: 0,
    receiver: 0,
    isCompleted: false,
    claimedMs: 0,
    pickupMs: 0,
    stars: 0,
  };
  for (const post of eachPost(world)) {
    if (post.status !== 'completed' && post.status !== 'claimed') continue;
    exchange.number = post.number;
    exchange.sharer = post.sharer;
    exchange.receiver = receiverOf(world, random, post.group, post.sharer);
    exchange.isCompleted = post.status === 'completed';
    // Claimed before the start of the day, whenever the pickup is: nothing generated lies in the future.
    const latestMs = Math.min(post.pickupMs, 0);
    exchange.claimedMs = Math.floor(post.createdMs + random() * (latestMs - post.createdMs));
    exchange.pickupMs = post.pickupMs;
    exchange.stars = random() < 0.6 ? 1 + pickStars(random) : 0;
    if (!exchange.isCompleted) exchange.stars = 0;
    yield exchange;
  }
}

/** Another member of the group; where there is none, the neighbour by number. */
function receiverOf(world: World, random: Random, group: number, sharer: number): number {
  const { memberStart, members } = world.groups;
  const start = memberStart[group] as number;
  const count = (memberStart[group + 1] as number) - start;
  const at = integerBetween(random, 0, count - 1);
  for (let step = 0; step < count; step++) {
    const member = members[start + ((at + step) % count)] as number;
    if (member !== sharer) return member;
  }
  return (sharer + 1) % world.users.count;
}

const pickStars = weightedPicker([2, 3, 10, 30, 55]);

/** How often each user has shared something that was picked up, and how many claims of theirs are open. */
export function tallyExchanges(world: World): {
  readonly completed: Int32Array;
  readonly openClaims: Int32Array;
} {
  const completed = new Int32Array(world.users.count);
  const openClaims = new Int32Array(world.users.count);
  for (const { isCompleted, sharer, receiver } of eachExchange(world)) {
    if (isCompleted) completed[sharer] = (completed[sharer] as number) + 1;
    else openClaims[receiver] = (openClaims[receiver] as number) + 1;
  }
  return { completed, openClaims };
}
