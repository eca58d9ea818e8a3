-- Keys, checks, indexes, triggers and views, on tables that may already hold millions of rows.

ALTER TABLE users ADD PRIMARY KEY (id);
ALTER TABLE user_global_reputation ADD PRIMARY KEY (user_id),
  ADD CONSTRAINT reputation_score_range CHECK (overall_score BETWEEN 0 AND 100);
ALTER TABLE community_groups ADD PRIMARY KEY (id);
ALTER TABLE group_member_status ADD PRIMARY KEY (user_id, group_id);
ALTER TABLE group_partnerships ADD PRIMARY KEY (id),
  ADD CONSTRAINT partnership_of_two CHECK (requesting_group_id <> target_group_id),
  ADD CONSTRAINT partnership_status CHECK (status IN ('active', 'ended'));
ALTER TABLE food_posts ADD PRIMARY KEY (id),
  ADD CONSTRAINT food_status CHECK (status IN ('available', 'claimed', 'completed', 'expired', 'removed'));
ALTER TABLE exchanges ADD PRIMARY KEY (id),
  ADD CONSTRAINT exchange_status CHECK (status IN ('claimed', 'completed', 'cancelled')),
  ADD CONSTRAINT exchange_credits CHECK (credits_held >= 0 AND (status = 'claimed' OR credits_held = 0));
ALTER TABLE ratings ADD PRIMARY KEY (id),
  ADD CONSTRAINT rating_stars CHECK (stars BETWEEN 1 AND 5);
ALTER TABLE reputation_events ADD PRIMARY KEY (id, occurred_at);
ALTER TABLE credit_accounts ADD PRIMARY KEY (user_id),
  ADD CONSTRAINT credit_balance_not_negative CHECK (balance >= 0);
ALTER TABLE credit_movements ADD PRIMARY KEY (id),
  ADD CONSTRAINT movement_amount CHECK (amount > 0),
  ADD CONSTRAINT movement_sides CHECK (CASE kind
    WHEN 'granted' THEN from_user_id IS NULL AND to_user_id IS NOT NULL
    WHEN 'spent' THEN from_user_id IS NOT NULL AND to_user_id IS NULL AND exchange_id IS NOT NULL
    WHEN 'earned' THEN from_user_id IS NULL AND to_user_id IS NOT NULL AND exchange_id IS NOT NULL
    WHEN 'refunded' THEN from_user_id IS NULL AND to_user_id IS NOT NULL AND exchange_id IS NOT NULL
    WHEN 'transferred' THEN from_user_id IS NOT NULL AND to_user_id IS NOT NULL AND from_user_id <> to_user_id
    ELSE false END);
ALTER TABLE idempotent_requests ADD PRIMARY KEY (user_id, key);
ALTER TABLE moderation_actions ADD PRIMARY KEY (id),
  ADD CONSTRAINT moderation_decision CHECK (decision IN ('remove', 'restore'));

-- Discovery reads one ordered range of this per group, and nothing else until it knows its twenty posts. What
-- it filters by is INCLUDEd, so that a post too far away costs one index entry and no visit to the table.
-- The sketch had `pickup_time > now()` in the predicate, which can't be: now() isn't immutable.
CREATE INDEX idx_food_posts_active_location
  ON food_posts (group_id, trust_level DESC, pickup_time, id)
  INCLUDE (overall_score, latitude, longitude)
  WHERE status = 'available';

-- An index-only scan looks into the table wherever a page has changed since the last vacuum. By default that would
-- come after a fifth of all rows; at ten million posts two million.
ALTER TABLE food_posts SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);

-- For the trigger that carries a new score to the sharer's open posts.
CREATE INDEX idx_food_posts_sharer_available ON food_posts (sharer_id) WHERE status = 'available';

-- The rankings. "Active in the last 30 days" moves with the clock, so it is a column here and no predicate.
CREATE INDEX idx_users_reputation_active
  ON user_global_reputation (trust_level DESC, overall_score DESC, user_id) INCLUDE (last_activity);

CREATE INDEX idx_group_member_status_group ON group_member_status (group_id) WHERE bot_access_enabled;

CREATE INDEX idx_partnerships_active
  ON group_partnerships (target_group_id, requesting_group_id) WHERE status = 'active';
CREATE INDEX idx_partnerships_requesting ON group_partnerships (requesting_group_id) WHERE status = 'active';
-- Two groups are partners once, whoever asked.
CREATE UNIQUE INDEX idx_partnerships_pair
  ON group_partnerships (least(requesting_group_id, target_group_id), greatest(requesting_group_id, target_group_id))
  WHERE status = 'active';

-- The last word on "two people never get the same food": a second open exchange can't be stored.
CREATE UNIQUE INDEX idx_exchanges_food ON exchanges (food_id) WHERE status <> 'cancelled';

CREATE UNIQUE INDEX idx_ratings_exchange_rater ON ratings (exchange_id, rater_id);
CREATE INDEX idx_reputation_events_user ON reputation_events (user_id, occurred_at DESC);

ALTER TABLE user_global_reputation ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE group_member_status ADD FOREIGN KEY (user_id) REFERENCES users,
  ADD FOREIGN KEY (group_id) REFERENCES community_groups;
ALTER TABLE group_partnerships ADD FOREIGN KEY (requesting_group_id) REFERENCES community_groups,
  ADD FOREIGN KEY (target_group_id) REFERENCES community_groups;
ALTER TABLE food_posts ADD FOREIGN KEY (sharer_id) REFERENCES users,
  ADD FOREIGN KEY (group_id) REFERENCES community_groups;
ALTER TABLE exchanges ADD FOREIGN KEY (food_id) REFERENCES food_posts,
  ADD FOREIGN KEY (sharer_id) REFERENCES users, ADD FOREIGN KEY (receiver_id) REFERENCES users;
ALTER TABLE ratings ADD FOREIGN KEY (exchange_id) REFERENCES exchanges;
ALTER TABLE credit_accounts ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE credit_movements ADD FOREIGN KEY (from_user_id) REFERENCES users,
  ADD FOREIGN KEY (to_user_id) REFERENCES users;
ALTER TABLE idempotent_requests ADD FOREIGN KEY (movement_id) REFERENCES credit_movements;
ALTER TABLE moderation_actions ADD FOREIGN KEY (food_id) REFERENCES food_posts;

-- Great-circle kilometres by the haversine formula on a sphere of the mean earth radius. One expression, so
-- that the planner inlines it; earthdistance would go through a cube for every pair.
CREATE FUNCTION distance_km(
  from_latitude double precision, from_longitude double precision,
  to_latitude double precision, to_longitude double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 12742.0176 * asin(sqrt(least(1,
    sin(radians(to_latitude - from_latitude) / 2) ^ 2
    + cos(radians(from_latitude)) * cos(radians(to_latitude))
      * sin(radians(to_longitude - from_longitude) / 2) ^ 2)))
$$;

-- Whoever posts reads the score FOR SHARE, so a post made at this moment waits for the new score or is seen here.
CREATE FUNCTION carry_score_to_open_posts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE food_posts SET overall_score = NEW.overall_score
  WHERE sharer_id = NEW.user_id AND status = 'available';
  RETURN NULL;
END;
$$;

CREATE TRIGGER carry_score_to_open_posts
  AFTER UPDATE OF overall_score ON user_global_reputation
  FOR EACH ROW WHEN (NEW.overall_score IS DISTINCT FROM OLD.overall_score)
  EXECUTE FUNCTION carry_score_to_open_posts();

-- The sum that is never wrong: what was granted is in accounts or held by open exchanges. `difference` is 0.
CREATE VIEW credit_audit AS
SELECT granted, in_accounts, held, granted - in_accounts - held AS difference
FROM (SELECT coalesce(sum(amount), 0) AS granted FROM credit_movements WHERE kind = 'granted') a,
  (SELECT coalesce(sum(balance), 0) AS in_accounts FROM credit_accounts) b,
  (SELECT coalesce(sum(credits_held), 0) AS held FROM exchanges WHERE status = 'claimed') c;
