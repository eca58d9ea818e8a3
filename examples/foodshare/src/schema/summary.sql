-- Each thing is counted on its own and joined once per group. Joining members, posts and exchanges first and
-- counting then, as the sketch did, multiplies the posts by the members.
CREATE MATERIALIZED VIEW group_activity_summary AS
SELECT
  g.id AS group_id,
  g.display_name,
  coalesce(members.active_members, 0) AS active_members,
  coalesce(posts.food_posts_30d, 0) AS food_posts_30d,
  activity.avg_rating,
  coalesce(activity.successful_exchanges_30d, 0) AS successful_exchanges_30d
FROM community_groups g
LEFT JOIN (
  SELECT group_id, count(*) AS active_members
  FROM group_member_status WHERE bot_access_enabled GROUP BY group_id
) members ON members.group_id = g.id
LEFT JOIN (
  SELECT group_id, count(*) AS food_posts_30d
  FROM food_posts WHERE created_at > now() - interval '30 days' GROUP BY group_id
) posts ON posts.group_id = g.id
LEFT JOIN (
  SELECT p.group_id, count(*) AS successful_exchanges_30d,
    sum(r.stars)::double precision / nullif(sum(r.given), 0) AS avg_rating
  FROM exchanges e
  JOIN food_posts p ON p.id = e.food_id
  LEFT JOIN (
    SELECT exchange_id, sum(stars) AS stars, count(*) AS given
    FROM ratings WHERE created_at > now() - interval '30 days' GROUP BY exchange_id
  ) r ON r.exchange_id = e.id
  WHERE e.status = 'completed' AND e.created_at > now() - interval '30 days'
  GROUP BY p.group_id
) activity ON activity.group_id = g.id;

CREATE UNIQUE INDEX idx_group_activity_summary_group ON group_activity_summary (group_id);

CREATE FUNCTION refresh_group_activity_summary() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  REFRESH MATERIALIZED VIEW CONCURRENTLY group_activity_summary;
END;
$$;
