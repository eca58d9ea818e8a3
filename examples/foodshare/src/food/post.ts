import type { Postgres } from 'loadline/postgres';
import { forbidden, notFound } from '../http/problem.ts';

/** What somebody offers. */
export interface Offer {
  readonly group_id: string;
  readonly title: string;
  readonly description: string;
  readonly pickup_time: string;
  readonly pickup_location: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** A post as its sharer sees it after posting. */
export interface PostedFood extends Omit<Offer, 'pickup_time'> {
  readonly id: string;
  readonly status: string;
  readonly pickup_time: Date;
  readonly created_at: Date;
}

// The score is read FOR SHARE: while somebody changes it, this waits, so that no post is stored with a score
// that is already out of date.
const insertPost = {
  name: 'insert_food_post',
  text: `
INSERT INTO food_posts
  (group_id, sharer_id, pickup_time, latitude, longitude, overall_score, title, description, pickup_location, sharer_pseudonym)
SELECT m.group_id, u.id, $3, $4, $5, r.overall_score, $6, $7, $8, u.pseudonym
FROM group_member_status m
JOIN users u ON u.id = m.user_id
JOIN user_global_reputation r ON r.user_id = u.id
WHERE m.user_id = $1 AND m.group_id = $2 AND m.bot_access_enabled
FOR SHARE OF r
RETURNING id, group_id, status, title, description, pickup_time, pickup_location, latitude, longitude, created_at`,
};

/** Offers food to a group one belongs to. Throws problems 403 and 404. */
export async function postFood(postgres: Postgres, sharerId: string, offer: Offer): Promise<PostedFood> {
  const { rows } = await postgres.query<PostedFood>(insertPost, [
    sharerId,
    offer.group_id,
    new Date(offer.pickup_time),
    offer.latitude,
    offer.longitude,
    offer.title,
    offer.description,
    offer.pickup_location,
  ]);
  const [posted] = rows;
  if (posted !== undefined) return posted;
  const { rowCount } = await postgres.query(
    { name: 'find_group', text: 'SELECT FROM community_groups WHERE id = $1' },
    [offer.group_id],
  );
  throw rowCount === 0 ? notFound('such group') : forbidden('You are not a member of this group.');
}
