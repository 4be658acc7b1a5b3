-- An append looks at the last row of each shard it touches, by the index. EXISTS on the rows themselves, as before, became a table of the whole journal
-- for each append: the planner takes an unnest() for ten rows and hashes.
CREATE OR REPLACE FUNCTION journal_append(of_lane bigint, of_session bigint, number bigint, a_shards bigint[], epochs bigint[], predecessors bigint[],
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
  SELECT * INTO bad FROM (
    SELECT u.shard, u.epoch, u.predecessor, s.epoch AS current,
           coalesce((SELECT j.position FROM journal j WHERE j.shard = u.shard ORDER BY j.position DESC LIMIT 1), 0) AS head
      FROM unnest(a_shards, epochs, predecessors) AS u(shard, epoch, predecessor) JOIN shards s ON s.shard = u.shard) AS seen
    WHERE seen.current <> seen.epoch OR seen.head <> seen.predecessor
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'shard % is at epoch % row %, the append came with epoch % predecessor %', bad.shard, bad.current, bad.head, bad.epoch,
      bad.predecessor USING ERRCODE = 'RS001';
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
