import { createRandom } from 'loadline/base';
import { openingBalance, pointsPerExchange } from '../ground/rules.ts';
import { type City, cities } from './cities.ts';
import { eachExchange, tallyExchanges } from './exchanges.ts';
import { numberedId } from './numbered-id.ts';
import { eachPost, historyDays, statusesOf } from './posts.ts';
import { createTimeText } from './time-text.ts';
import { foodRemark, foodTitle, groupName, pickupPlace, pseudonym } from './wording.ts';
import { groupsPerUser, type World } from './world.ts';

/** A table's rows as lines of COPY's text format: fields parted by tabs, `\N` for null. */
export interface GeneratedTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** About how many rows there are, for the progress. */
  readonly rowsExpected: number;
  rows(): Iterable<string>;
}

const dayMs = 86_400_000;
/** A member since long before the first post. */
const joinedDays = 400;

/**
 * Every table of a world, large ones last. The same world and base time give the same text.
 *
 * @param baseMs the start of the day of generation, in milliseconds since the epoch.
 */
export function generatedTables(world: World, baseMs: number): readonly GeneratedTable[] {
  const time = createTimeText(baseMs);
  return [
    groupsTable(world, time),
    partnershipsTable(world, time),
    usersTable(world, time),
    membershipsTable(world, time),
    ...tableOfTallies(world, time),
    postsTable(world, time),
    exchangesTable(world, time),
    ratingsTable(world, time),
    reputationEventsTable(world, time),
  ];
}

type TimeText = (offsetMs: number) => string;

function groupsTable(world: World, time: TimeText): GeneratedTable {
  const { count, city, latitude, longitude } = world.groups;
  return {
    name: 'community_groups',
    columns: ['id', 'display_name', 'city', 'latitude', 'longitude', 'created_at'],
    rowsExpected: count,
    *rows() {
      const created = time(-joinedDays * dayMs);
      for (let group = 0; group < count; group++) {
        const { name } = cities[city[group] as number] as City;
        yield `${numberedId('group', group)}\t${groupName(group, name)}\t${name}\t${latitude[group]}\t${longitude[group]}\t${created}\n`;
      }
    },
  };
}

/** Every third group is the partner of the next one in its city. */
function partnershipsTable(world: World, time: TimeText): GeneratedTable {
  const { count, city } = world.groups;
  return {
    name: 'group_partnerships',
    columns: ['id', 'requesting_group_id', 'target_group_id', 'status', 'created_at'],
    rowsExpected: Math.round(count / 3),
    *rows() {
      for (let group = 0; group + 1 < count; group += 3) {
        if (city[group] !== city[group + 1]) continue;
        const pair = `${numberedId('group', group)}\t${numberedId('group', group + 1)}`;
        yield `${numberedId('partnership', group)}\t${pair}\tactive\t${time(-100 * dayMs)}\n`;
      }
    },
  };
}

function usersTable(world: World, time: TimeText): GeneratedTable {
  const { count, city, latitude, longitude } = world.users;
  return {
    name: 'users',
    columns: ['id', 'pseudonym', 'home_city', 'latitude', 'longitude', 'created_at'],
    rowsExpected: count,
    *rows() {
      const created = time(-joinedDays * dayMs);
      for (let user = 0; user < count; user++) {
        const { name } = cities[city[user] as number] as City;
        yield `${numberedId('user', user)}\t${pseudonym(user)}\t${name}\t${latitude[user]}\t${longitude[user]}\t${created}\n`;
      }
    },
  };
}

function membershipsTable(world: World, time: TimeText): GeneratedTable {
  const { count, groups } = world.users;
  return {
    name: 'group_member_status',
    columns: ['user_id', 'group_id', 'bot_access_enabled', 'joined_at'],
    rowsExpected: count * groupsPerUser,
    *rows() {
      const joined = time(-joinedDays * dayMs);
      for (let at = 0; at < groups.length; at++) {
        const user = numberedId('user', Math.floor(at / groupsPerUser));
        yield `${user}\t${numberedId('group', groups[at] as number)}\tt\t${joined}\n`;
      }
    },
  };
}

/** Reputation, and the credits that it took to claim what is claimed: everybody is left with the opening balance. */
function tableOfTallies(world: World, time: TimeText): readonly GeneratedTable[] {
  const { count, scores } = world.users;
  let tallied: ReturnType<typeof tallyExchanges> | undefined;
  const tally = (): ReturnType<typeof tallyExchanges> => {
    tallied ??= tallyExchanges(world);
    return tallied;
  };
  return [
    {
      name: 'user_global_reputation',
      columns: ['user_id', 'overall_score', 'completed_exchanges', 'last_activity'],
      rowsExpected: count,
      *rows() {
        const random = createRandom(`${world.seed}:activity`);
        const { completed } = tally();
        for (let user = 0; user < count; user++) {
          const active = time(-Math.floor(random() ** 2 * historyDays * dayMs));
          yield `${numberedId('user', user)}\t${scores[user]}\t${completed[user]}\t${active}\n`;
        }
      },
    },
    {
      name: 'credit_accounts',
      columns: ['user_id', 'balance'],
      rowsExpected: count,
      *rows() {
        for (let user = 0; user < count; user++) yield `${numberedId('user', user)}\t${openingBalance}\n`;
      },
    },
    {
      name: 'credit_movements',
      columns: ['id', 'from_user_id', 'to_user_id', 'exchange_id', 'amount', 'kind', 'created_at'],
      rowsExpected: count + statusesOf(world.posts).claimed,
      *rows() {
        const { openClaims } = tally();
        const granted = time(-joinedDays * dayMs);
        for (let user = 0; user < count; user++) {
          const amount = openingBalance + (openClaims[user] as number);
          yield `${numberedId('movement', user)}\t\\N\t${numberedId('user', user)}\t\\N\t${amount}\tgranted\t${granted}\n`;
        }
        for (const { isCompleted, number, receiver, claimedMs } of eachExchange(world)) {
          if (isCompleted) continue;
          const sides = `${numberedId('user', receiver)}\t\\N\t${numberedId('exchange', number)}`;
          yield `${numberedId('movement', count + number)}\t${sides}\t1\tspent\t${time(claimedMs)}\n`;
        }
      },
    },
  ];
}

function postsTable(world: World, time: TimeText): GeneratedTable {
  return {
    name: 'food_posts',
    columns: [
      'id',
      'group_id',
      'sharer_id',
      'pickup_time',
      'created_at',
      'latitude',
      'longitude',
      'overall_score',
      'status',
      'title',
      'description',
      'pickup_location',
      'sharer_pseudonym',
    ],
    rowsExpected: world.posts,
    *rows() {
      const { scores, city } = world.users;
      for (const post of eachPost(world)) {
        const { sharer, food, remark } = post;
        const { name } = cities[city[sharer] as number] as City;
        const ids = `${numberedId('post', post.number)}\t${numberedId('group', post.group)}\t${numberedId('user', sharer)}`;
        const place = `${time(post.pickupMs)}\t${time(post.createdMs)}\t${post.latitude}\t${post.longitude}`;
        const text = `${foodTitle(food)}\t${foodRemark(remark)}\t${pickupPlace(remark, name)}\t${pseudonym(sharer)}`;
        yield `${ids}\t${place}\t${scores[sharer]}\t${post.status}\t${text}\n`;
      }
    },
  };
}

function exchangesTable(world: World, time: TimeText): GeneratedTable {
  return {
    name: 'exchanges',
    columns: [
      'id',
      'food_id',
      'sharer_id',
      'receiver_id',
      'status',
      'credits_held',
      'created_at',
      'ended_at',
    ],
    rowsExpected: Math.round(world.posts * 0.68),
    *rows() {
      for (const { number, sharer, receiver, isCompleted, claimedMs, pickupMs } of eachExchange(world)) {
        const ids = `${numberedId('exchange', number)}\t${numberedId('post', number)}\t${numberedId('user', sharer)}\t${numberedId('user', receiver)}`;
        const end = isCompleted
          ? `completed\t0\t${time(claimedMs)}\t${time(pickupMs)}`
          : `claimed\t1\t${time(claimedMs)}\t\\N`;
        yield `${ids}\t${end}\n`;
      }
    },
  };
}

function ratingsTable(world: World, time: TimeText): GeneratedTable {
  return {
    name: 'ratings',
    columns: ['id', 'exchange_id', 'rater_id', 'rated_id', 'stars', 'created_at'],
    rowsExpected: Math.round(world.posts * 0.4),
    *rows() {
      for (const { number, sharer, receiver, stars, pickupMs } of eachExchange(world)) {
        if (stars === 0) continue;
        const people = `${numberedId('user', receiver)}\t${numberedId('user', sharer)}`;
        yield `${numberedId('rating', number)}\t${numberedId('exchange', number)}\t${people}\t${stars}\t${time(pickupMs)}\n`;
      }
    },
  };
}

function reputationEventsTable(world: World, time: TimeText): GeneratedTable {
  return {
    name: 'reputation_events',
    columns: ['id', 'occurred_at', 'user_id', 'exchange_id', 'points', 'kind'],
    rowsExpected: Math.round(world.posts * 0.66),
    *rows() {
      for (const { number, sharer, isCompleted, pickupMs } of eachExchange(world)) {
        if (!isCompleted) continue;
        const ids = `${numberedId('event', number)}\t${time(pickupMs)}\t${numberedId('user', sharer)}\t${numberedId('exchange', number)}`;
        yield `${ids}\t${pointsPerExchange}\texchange_completed\n`;
      }
    },
  };
}
