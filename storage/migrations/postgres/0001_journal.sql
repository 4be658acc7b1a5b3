-- One row per shard and commit.
CREATE TABLE journal(
  shard bigint NOT NULL,
  position bigint NOT NULL,
  epoch bigint NOT NULL,
  blob bytea NOT NULL,
  PRIMARY KEY(shard, position)
);
-- Blobs are made once and read seldom: the time to compress them would be the commit's.
ALTER TABLE journal ALTER COLUMN blob SET STORAGE EXTERNAL;

-- One row per opened engine. `counter` is the last append of its session; `backend_*` name the session's process in pg_stat_activity.
CREATE TABLE lanes(
  lane bigint PRIMARY KEY,
  name text NOT NULL,
  session bigint NOT NULL,
  counter bigint NOT NULL,
  backend_pid integer NOT NULL,
  backend_start timestamptz NOT NULL
) WITH (fillfactor = 20);
CREATE SEQUENCE lane_numbers;
CREATE SEQUENCE lane_sessions;

-- The current writer of each shard. lane 0: nobody has taken it over.
CREATE TABLE shards(
  shard bigint PRIMARY KEY,
  epoch bigint NOT NULL,
  lane bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE claims(
  key text PRIMARY KEY,
  owner bigint NOT NULL
);

CREATE TABLE snapshots(
  entity bigint PRIMARY KEY,
  event_number bigint NOT NULL,
  wake_at bigint NOT NULL,
  crc bigint NOT NULL,
  bytes bytea NOT NULL
);
CREATE INDEX snapshots_wake ON snapshots(entity) WHERE wake_at <> 0;

CREATE TABLE checkpoints(
  name text PRIMARY KEY,
  crc bigint NOT NULL,
  bytes bytea NOT NULL
);
ALTER TABLE checkpoints ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE sequences(
  name text PRIMARY KEY,
  next bigint NOT NULL
);

-- The whole append. It fails with RS001 (stale) or RC001 (a claim is taken), and then nothing has happened, nor moved the counter: what was sent behind
-- it on the same session fails as well, whatever shards it touches.
CREATE FUNCTION journal_append(of_lane bigint, of_session bigint, number bigint, a_shards bigint[], epochs bigint[], predecessors bigint[],
                               blobs bytea[], claim_keys text[], claim_owners bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  locked bigint;
  bad record;
BEGIN
  UPDATE lanes SET counter = number WHERE lane = of_lane AND session = of_session AND counter = number - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'lane % is not at append % of session %', of_lane, number - 1, of_session USING ERRCODE = 'RS001';
  END IF;
  -- Shared locks let nobody raise an epoch until this commit is over; in ascending order nobody waits in a circle.
  PERFORM FROM shards WHERE shard = ANY(a_shards) ORDER BY shard FOR SHARE;
  GET DIAGNOSTICS locked = ROW_COUNT;
  IF locked < cardinality(a_shards) THEN
    INSERT INTO shards(shard, epoch) SELECT u, 0 FROM unnest(a_shards) AS u ORDER BY u ON CONFLICT (shard) DO NOTHING;
    PERFORM FROM shards WHERE shard = ANY(a_shards) ORDER BY shard FOR SHARE;
  END IF;
  SELECT u.shard, u.epoch, u.predecessor, s.epoch AS current INTO bad
    FROM unnest(a_shards, epochs, predecessors) AS u(shard, epoch, predecessor) JOIN shards s ON s.shard = u.shard
    WHERE s.epoch <> u.epoch
       OR (u.predecessor > 0 AND NOT EXISTS (SELECT FROM journal j WHERE j.shard = u.shard AND j.position = u.predecessor))
       OR EXISTS (SELECT FROM journal j WHERE j.shard = u.shard AND j.position = u.predecessor + 1)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'shard % is at epoch % row %, the append came with epoch % predecessor %', bad.shard, bad.current,
      (SELECT coalesce(max(j.position), 0) FROM journal j WHERE j.shard = bad.shard), bad.epoch, bad.predecessor USING ERRCODE = 'RS001';
  END IF;
  INSERT INTO journal(shard, position, epoch, blob)
    SELECT u.shard, u.predecessor + 1, u.epoch, u.blob FROM unnest(a_shards, epochs, predecessors, blobs) AS u(shard, epoch, predecessor, blob);
  IF cardinality(claim_keys) > 0 THEN
    INSERT INTO claims(key, owner)
      SELECT u.key, u.owner FROM unnest(claim_keys, claim_owners) AS u(key, owner) ORDER BY u.key ON CONFLICT (key) DO NOTHING;
    IF EXISTS (SELECT FROM unnest(claim_keys, claim_owners) AS u(key, owner) JOIN claims c ON c.key = u.key WHERE c.owner <> u.owner) THEN
      RAISE EXCEPTION 'a claim is taken' USING ERRCODE = 'RC001';
    END IF;
  END IF;
END $$;

-- Raises an epoch to `to_epoch`, or by one if that is NULL. Waits for an append of the old owner half a second (55P03), whose session the caller
-- then ends.
CREATE FUNCTION journal_take_over(of_shard bigint, to_epoch bigint, by_lane bigint, OUT is_taken boolean, OUT at_epoch bigint, OUT last bigint)
  LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', '500', true);
  INSERT INTO shards AS s(shard, epoch, lane) VALUES(of_shard, coalesce(to_epoch, 1), by_lane)
    ON CONFLICT (shard) DO UPDATE SET epoch = coalesce(to_epoch, s.epoch + 1), lane = by_lane WHERE to_epoch IS NULL OR s.epoch < to_epoch;
  is_taken := FOUND;
  SELECT s.epoch, is_taken OR (s.epoch = to_epoch AND s.lane = by_lane) INTO at_epoch, is_taken FROM shards s WHERE s.shard = of_shard;
  SELECT coalesce(max(j.position), 0) INTO last FROM journal j WHERE j.shard = of_shard;
END $$;
