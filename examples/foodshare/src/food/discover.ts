import type { Queryable, Statement } from 'loadline/postgres';
import { trustLevelMax, trustLevelOf } from '../ground/rules.ts';
import { type Bounds, boundsOf, type Circle, everywhere } from './area.ts';
import { encodeCursor, type Position } from './cursor.ts';

/** What somebody looks for; whatever is absent doesn't restrict. */
export interface DiscoveryFilter {
  readonly userId: string;
  readonly within?: Circle;
  readonly reputationMin?: number;
  readonly pickupFrom?: Date;
  readonly pickupTo?: Date;
  /** The page after this place. */
  readonly after?: Position;
  readonly limit: number;
}

/** A post as discovery shows it. */
export interface FoundFood {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly pickup_time: Date;
  readonly pickup_location: string;
  readonly sharer_pseudonym: string;
  readonly overall_score: number;
  readonly trust_level: number;
}

export interface FoundPage {
  readonly items: readonly FoundFood[];
  /** For the next page; null when this was the last. */
  readonly next_cursor: string | null;
}

/**
 * The one statement of discovery, whatever is filtered by. Five groups are five ordered scans of
 * idx_food_posts_active_location, each of which stops at `limit`; only the posts of the page are then fetched.
 * Since every filter has a value that lets all pass, there is one plan to know, and a generic one is as good as
 * one made for the values.
 *
 * A page begins after a place (level, time, id). In an order of mixed directions that is no single range of the
 * index but two: the rest of this level, and the levels below. Each is a range, so a deep page costs what the
 * first does.
 *
 * The level is also bounded from below by what the score asks for: it follows from the score, and unlike the
 * score it is a key of the index.
 */
export const discoverFood: Statement = {
  name: 'discover_food',
  text: `
WITH page AS MATERIALIZED (
  SELECT near.id, near.trust_level, near.pickup_time
  FROM group_member_status m
  CROSS JOIN LATERAL (
    (SELECT p.id, p.trust_level, p.pickup_time FROM food_posts p
     WHERE p.trust_level = $2 AND (p.pickup_time, p.id) > ($3, $4) AND ${commonConditions()}
     ORDER BY p.pickup_time, p.id LIMIT $15)
    UNION ALL
    (SELECT p.id, p.trust_level, p.pickup_time FROM food_posts p
     WHERE p.trust_level < $2 AND ${commonConditions()}
     ORDER BY p.trust_level DESC, p.pickup_time, p.id LIMIT $15)
  ) near
  WHERE m.user_id = $1 AND m.bot_access_enabled
  ORDER BY near.trust_level DESC, near.pickup_time, near.id
  LIMIT $15
)
SELECT p.id, p.title, p.description, p.pickup_time, p.pickup_location, p.sharer_pseudonym, p.overall_score, p.trust_level
FROM page JOIN food_posts p USING (id)
ORDER BY page.trust_level DESC, page.pickup_time, page.id`,
};

function commonConditions(): string {
  return `p.status = 'available' AND p.group_id = m.group_id
      AND p.trust_level >= $5 AND p.overall_score >= $6
      AND p.pickup_time > now() AND p.pickup_time >= $7 AND p.pickup_time <= $8
      AND p.latitude BETWEEN $9 AND $10 AND p.longitude BETWEEN $11 AND $12
      AND ($13::double precision IS NULL OR distance_km($13, $14, p.latitude, p.longitude) <= $16)`;
}

/** The next page of what may be picked up, the most trusted sharers first, then the soonest. */
export async function findFood(database: Queryable, filter: DiscoveryFilter): Promise<FoundPage> {
  // One more than wanted tells whether there is a next page.
  const { rows } = await database.query<FoundFood>(discoverFood, discoveryValues(filter));
  const items = rows.slice(0, filter.limit);
  const last = rows.length > filter.limit ? items.at(-1) : undefined;
  return { items, next_cursor: last === undefined ? null : encodeCursor(positionOf(last)) };
}

/** The statement's values, in their order. */
export function discoveryValues(filter: DiscoveryFilter): readonly unknown[] {
  const { userId, within, reputationMin = 0, pickupFrom, pickupTo, after, limit } = filter;
  const bounds: Bounds = within === undefined ? everywhere : boundsOf(within);
  return [
    userId,
    after?.trustLevel ?? trustLevelMax + 1,
    after === undefined ? '-infinity' : new Date(after.pickupMs),
    after?.id ?? '00000000-0000-0000-0000-000000000000',
    trustLevelOf(reputationMin),
    reputationMin,
    pickupFrom ?? '-infinity',
    pickupTo ?? 'infinity',
    bounds.south,
    bounds.north,
    bounds.west,
    bounds.east,
    within?.latitude ?? null,
    within?.longitude ?? null,
    limit + 1,
    within?.radiusKm ?? null,
  ];
}

function positionOf({ trust_level, pickup_time, id }: FoundFood): Position {
  return { trustLevel: trust_level, pickupMs: pickup_time.getTime(), id };
}
