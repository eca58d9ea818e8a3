-- Tables only. Keys, indexes, triggers and views follow in rules.sql, because a COPY into a bare table
-- and one sort per index afterwards is several times faster than keeping them up row by row.
--
-- Ids are UUIDs: they name people and food in addresses, where a counter would tell everybody how much there
-- is. New ones are version 7 and generated ones carry their number in front, so both arrive in ascending order
-- and a B-tree appends instead of splitting pages all over. A bigint would save 85 MB an index at ten million.
--
-- Times have milliseconds, as JavaScript's do: a cursor that has been through JSON still names the same row.

CREATE TABLE users (
  id uuid NOT NULL DEFAULT uuidv7(),
  pseudonym text NOT NULL,
  home_city text NOT NULL,
  latitude double precision NOT NULL,
  longitude double precision NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- The level follows from the score, here and on every post: where one is right, so is the other.
CREATE TABLE user_global_reputation (
  user_id uuid NOT NULL,
  overall_score double precision NOT NULL DEFAULT 50,
  trust_level smallint NOT NULL
    GENERATED ALWAYS AS (least(5, 1 + floor(overall_score / 20))::smallint) STORED,
  completed_exchanges integer NOT NULL DEFAULT 0,
  last_activity timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE community_groups (
  id uuid NOT NULL DEFAULT uuidv7(),
  display_name text NOT NULL,
  city text NOT NULL,
  latitude double precision NOT NULL,
  longitude double precision NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE group_member_status (
  user_id uuid NOT NULL,
  group_id uuid NOT NULL,
  bot_access_enabled boolean NOT NULL DEFAULT true,
  joined_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE group_partnerships (
  id uuid NOT NULL DEFAULT uuidv7(),
  requesting_group_id uuid NOT NULL,
  target_group_id uuid NOT NULL,
  status text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Wide columns first, so that no padding is stored. The sharer's score and level are copies: the order of
-- discovery is by level, and an index can only keep an order that its own table holds.
CREATE TABLE food_posts (
  id uuid NOT NULL DEFAULT uuidv7(),
  group_id uuid NOT NULL,
  sharer_id uuid NOT NULL,
  pickup_time timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  latitude double precision NOT NULL,
  longitude double precision NOT NULL,
  overall_score double precision NOT NULL,
  trust_level smallint NOT NULL
    GENERATED ALWAYS AS (least(5, 1 + floor(overall_score / 20))::smallint) STORED,
  status text NOT NULL DEFAULT 'available',
  title text NOT NULL,
  description text NOT NULL,
  pickup_location text NOT NULL,
  sharer_pseudonym text NOT NULL
);

-- One for every claim. The receiver's credit is held here until the exchange ends, so that no shared account
-- has to be locked by everybody.
CREATE TABLE exchanges (
  id uuid NOT NULL DEFAULT uuidv7(),
  food_id uuid NOT NULL,
  sharer_id uuid NOT NULL,
  receiver_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'claimed',
  credits_held integer NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  ended_at timestamptz(3)
);

CREATE TABLE ratings (
  id uuid NOT NULL DEFAULT uuidv7(),
  exchange_id uuid NOT NULL,
  rater_id uuid NOT NULL,
  rated_id uuid NOT NULL,
  stars smallint NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- The key holds the time, because a table that is partitioned by time can have no key without it.
CREATE TABLE reputation_events (
  id uuid NOT NULL DEFAULT uuidv7(),
  occurred_at timestamptz(3) NOT NULL DEFAULT now(),
  user_id uuid NOT NULL,
  exchange_id uuid,
  points double precision NOT NULL,
  kind text NOT NULL
) PARTITION BY RANGE (occurred_at);

CREATE TABLE reputation_events_y2024 PARTITION OF reputation_events
  FOR VALUES FROM ('2024-01-01Z') TO ('2025-01-01Z');
CREATE TABLE reputation_events_y2025 PARTITION OF reputation_events
  FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
CREATE TABLE reputation_events_y2026 PARTITION OF reputation_events
  FOR VALUES FROM ('2026-01-01Z') TO ('2027-01-01Z');
CREATE TABLE reputation_events_y2027 PARTITION OF reputation_events
  FOR VALUES FROM ('2027-01-01Z') TO ('2028-01-01Z');
CREATE TABLE reputation_events_default PARTITION OF reputation_events DEFAULT;

CREATE TABLE credit_accounts (
  user_id uuid NOT NULL,
  balance bigint NOT NULL DEFAULT 0
);

-- Double entry: an amount leaves one side and arrives at the other in the same row, so no row can be wrong
-- by itself. A side without a user is the community (granted) or a held credit (spent, earned, refunded).
CREATE TABLE credit_movements (
  id uuid NOT NULL DEFAULT uuidv7(),
  from_user_id uuid,
  to_user_id uuid,
  exchange_id uuid,
  amount bigint NOT NULL,
  kind text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- What was answered to a request that may be repeated, by who asked and the key they chose.
CREATE TABLE idempotent_requests (
  user_id uuid NOT NULL,
  key text NOT NULL,
  movement_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE moderation_actions (
  id uuid NOT NULL DEFAULT uuidv7(),
  food_id uuid NOT NULL,
  moderator_id uuid NOT NULL,
  decision text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Which data set this is; written last, so that a load that was interrupted is never taken for a whole one.
CREATE TABLE generated_data (
  posts bigint NOT NULL,
  seed bigint NOT NULL,
  version text NOT NULL,
  users bigint NOT NULL,
  groups bigint NOT NULL,
  base_time timestamptz(3) NOT NULL
);
