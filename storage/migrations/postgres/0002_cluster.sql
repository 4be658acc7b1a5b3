-- Who is alive and which node owns which shard (docs/decisions/0031 and 0033). A database holds one cluster. Times are nanoseconds
-- since 1970 by this server's clock; an id is an incarnation, 0 is nobody. Every function is one statement: it runs to its end in the
-- server even when its caller stops, so no lock waits for a client.
--
-- Locks are taken in this order: a row of nodes, the row of cluster, rows of placement.

CREATE TABLE cluster (
  is_only     BOOLEAN PRIMARY KEY DEFAULT true CHECK (is_only),
  name        TEXT NOT NULL,
  shard_count BIGINT NOT NULL CHECK (shard_count BETWEEN 1 AND 65536),
  version     BIGINT NOT NULL, -- of the newest change of placement; whoever changes placement locks it first, so versions are committed in their order
  incarnation BIGINT NOT NULL  -- the last one given
);

CREATE TABLE nodes (
  name            TEXT PRIMARY KEY,
  id              BIGINT NOT NULL UNIQUE,
  process         TEXT NOT NULL,   -- tells a process that joins again from another one of the same name
  address         TEXT NOT NULL,
  roles           BIGINT NOT NULL,
  state           SMALLINT NOT NULL CHECK (state BETWEEN 0 AND 3), -- joining, up, draining, gone
  renewed_at      BIGINT NOT NULL,
  renewal         BIGINT NOT NULL,
  is_drain_wished BOOLEAN NOT NULL DEFAULT false,
  own_pid         BIGINT,          -- the sessions of this life; a process number is used again, so the start belongs to it
  own_started     TIMESTAMPTZ,
  leader_pid      BIGINT,
  leader_started  TIMESTAMPTZ
) WITH (fillfactor = 20);          -- four updates a second, within the page

CREATE TABLE placement (
  shard      BIGINT PRIMARY KEY,
  owner      BIGINT NOT NULL DEFAULT 0,
  epoch      BIGINT NOT NULL DEFAULT 0,
  next       BIGINT NOT NULL DEFAULT 0,
  wanted     BIGINT NOT NULL DEFAULT 0,
  changed_at BIGINT NOT NULL DEFAULT 0,
  moved_at   BIGINT NOT NULL DEFAULT 0,
  version    BIGINT NOT NULL
);
CREATE INDEX placement_by_version ON placement (version);

CREATE FUNCTION cluster_ns(at TIMESTAMPTZ) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
  SELECT (extract(epoch FROM at) * 1000000)::bigint * 1000
$$;

-- Of the advisory lock that the leader's session holds.
CREATE FUNCTION cluster_lock_key() RETURNS BIGINT LANGUAGE sql STABLE AS $$
  SELECT hashtextextended('rialto cluster ' || name, 0) FROM cluster
$$;

CREATE FUNCTION cluster_session_start() RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS $$
  SELECT backend_start FROM pg_stat_get_activity(pg_backend_pid())
$$;

-- Ends another session and waits a moment for its end. True: it is gone, with its locks and whatever it had under way.
CREATE FUNCTION cluster_end_session(of_pid BIGINT, of_started TIMESTAMPTZ) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  IF of_pid IS NULL OR of_pid = pg_backend_pid() THEN RETURN true; END IF;
  PERFORM FROM pg_stat_get_activity(of_pid::integer) WHERE backend_start = of_started;
  IF NOT FOUND THEN RETURN true; END IF;
  RETURN pg_terminate_backend(of_pid::integer, 300);
END $$;

-- Makes the cluster if there is none. Returns what there is.
CREATE FUNCTION cluster_create(cluster_name TEXT, new_shard_count BIGINT)
RETURNS TABLE (known_name TEXT, known_shard_count BIGINT) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cluster (name, shard_count, version, incarnation) VALUES (cluster_name, new_shard_count, 1, 0)
    ON CONFLICT DO NOTHING;
  IF FOUND THEN
    INSERT INTO placement (shard, version) SELECT s, 1 FROM generate_series(0, new_shard_count - 1) s;
  END IF;
  RETURN QUERY SELECT c.name, c.shard_count FROM cluster c;
END $$;

-- A new life for a node. Ends the sessions of the former life of that name first, so that nothing of it arrives any more.
-- new_id 0: another cluster lives here, or a former session did not end in time; nothing was done.
CREATE FUNCTION cluster_join(cluster_name TEXT, new_shard_count BIGINT, node_name TEXT, node_process TEXT, node_address TEXT,
                             node_roles BIGINT)
RETURNS TABLE (new_id BIGINT, known_name TEXT, known_shard_count BIGINT) LANGUAGE plpgsql AS $$
DECLARE
  former nodes;
  given BIGINT := 0;
BEGIN
  SELECT c.known_name, c.known_shard_count INTO known_name, known_shard_count FROM cluster_create(cluster_name, new_shard_count) c;
  IF known_name = cluster_name THEN
    SELECT * INTO former FROM nodes n WHERE n.name = node_name FOR UPDATE;
    IF cluster_end_session(former.own_pid, former.own_started) AND cluster_end_session(former.leader_pid, former.leader_started) THEN
      UPDATE cluster SET incarnation = incarnation + 1 RETURNING incarnation INTO given;
      INSERT INTO nodes AS n (name, id, process, address, roles, state, renewed_at, renewal, own_pid, own_started)
        VALUES (node_name, given, node_process, node_address, node_roles, 0, cluster_ns(clock_timestamp()), 1, pg_backend_pid(),
                cluster_session_start())
        ON CONFLICT (name) DO UPDATE SET
          id = excluded.id, process = excluded.process, address = excluded.address, roles = excluded.roles, state = 0,
          renewed_at = excluded.renewed_at, renewal = 1, is_drain_wished = false, own_pid = excluded.own_pid,
          own_started = excluded.own_started, leader_pid = NULL, leader_started = NULL;
      -- Names that come no more, for instance of containers.
      DELETE FROM nodes n WHERE n.state = 3 AND n.renewed_at < cluster_ns(clock_timestamp()) - 604800000000000;
    END IF;
  END IF;
  new_id := given;
  RETURN NEXT;
END $$;

-- The caller's session is from now on this life's. Ends the former one first. False: it did not end in time; NULL: there is no such life.
CREATE FUNCTION cluster_enter(me BIGINT, is_leaders BOOLEAN) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  mine nodes;
BEGIN
  SELECT * INTO mine FROM nodes n WHERE n.id = me AND n.state <> 3 FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF is_leaders THEN
    IF NOT cluster_end_session(mine.leader_pid, mine.leader_started) THEN RETURN false; END IF;
    UPDATE nodes SET leader_pid = pg_backend_pid(), leader_started = cluster_session_start() WHERE id = me;
  ELSE
    IF NOT cluster_end_session(mine.own_pid, mine.own_started) THEN RETURN false; END IF;
    UPDATE nodes SET own_pid = pg_backend_pid(), own_started = cluster_session_start() WHERE id = me;
  END IF;
  RETURN true;
END $$;

-- Renews a lease (0: nobody's) and reads all nodes and the shards that changed since a version, as of one moment.
--   kind 0  n1 renewed, n2 now, n3 server's start, n4 leader, n5 version, n6 drain wished, n7 another process has the name
--   kind 1  n1 id, n2 roles, n3 state, n4 renewed at, n5 renewal; t1 name, t2 address
--   kind 2  n1 shard, n2 owner, n3 epoch, n4 next, n5 wanted, n6 changed at, n7 moved at
CREATE FUNCTION cluster_renew(me BIGINT, node_name TEXT, node_process TEXT, declared BIGINT, since BIGINT)
RETURNS TABLE (kind BIGINT, n1 BIGINT, n2 BIGINT, n3 BIGINT, n4 BIGINT, n5 BIGINT, n6 BIGINT, n7 BIGINT, t1 TEXT, t2 TEXT)
LANGUAGE plpgsql AS $$
DECLARE
  is_renewed BIGINT := 0;
  lock_key BIGINT := cluster_lock_key();
BEGIN
  -- A crash of the server may forget the last renewals; nobody is declared dead then for a lease. It must not cost a sync each.
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE nodes SET renewed_at = cluster_ns(clock_timestamp()), renewal = renewal + 1, state = declared WHERE id = me AND state <> 3;
  IF FOUND THEN is_renewed := 1; END IF;
  RETURN QUERY
    SELECT 0::bigint, is_renewed, cluster_ns(clock_timestamp()), cluster_ns(pg_postmaster_start_time()),
           coalesce((SELECT max(n.id) FROM pg_locks l
                     CROSS JOIN LATERAL pg_stat_get_activity(l.pid) a
                     JOIN nodes n ON n.leader_pid = l.pid AND n.leader_started = a.backend_start
                     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                       AND l.classid::bigint = (lock_key >> 32) & 4294967295
                       AND l.objid::bigint = lock_key & 4294967295), 0),
           c.version,
           (SELECT n.is_drain_wished::integer::bigint FROM nodes n WHERE n.id = me),
           (SELECT count(*) FROM nodes n WHERE n.name = node_name AND n.id > me AND n.process <> node_process AND n.state <> 3),
           c.name, NULL::text
      FROM cluster c
    UNION ALL
    SELECT 1, n.id, n.roles, n.state, n.renewed_at, n.renewal, 0, 0, n.name, n.address FROM nodes n
    UNION ALL
    SELECT 2, p.shard, p.owner, p.epoch, p.next, p.wanted, p.changed_at, p.moved_at, NULL, NULL
      FROM placement p WHERE p.version > since;
END $$;

-- On the leader's session. True: it leads, or led already.
CREATE FUNCTION cluster_try_lock(me BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM nodes WHERE id = me AND state <> 3 AND leader_pid = pg_backend_pid();
  RETURN FOUND AND pg_try_advisory_lock(cluster_lock_key());
END $$;

-- Ends the session that holds the lock for a node whose lease is over: if it has not renewed since, or was declared gone.
CREATE FUNCTION cluster_end_holder(holder BIGINT, seen_renewal BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  held nodes;
BEGIN
  SELECT * INTO held FROM nodes n WHERE n.id = holder AND (n.renewal = seen_renewal OR n.state = 3);
  IF NOT FOUND THEN RETURN false; END IF;
  RETURN cluster_end_session(held.leader_pid, held.leader_started);
END $$;

-- Only the session that holds the lock writes; nobody else does while a session of another one holds it.
CREATE FUNCTION cluster_write_deaths(ids BIGINT[], seen_renewals BIGINT[]) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  written BIGINT;
BEGIN
  IF NOT pg_try_advisory_xact_lock(cluster_lock_key()) THEN RETURN 0; END IF;
  UPDATE nodes n SET state = 3 FROM unnest(ids, seen_renewals) AS d(id, renewal)
    WHERE n.id = d.id AND n.renewal = d.renewal AND n.state <> 3;
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written;
END $$;

CREATE FUNCTION cluster_write_changes(shards BIGINT[], seen_epochs BIGINT[], seen_next BIGINT[], seen_wanted BIGINT[],
                                      owners BIGINT[], epochs BIGINT[], nexts BIGINT[], wanteds BIGINT[], are_moves BIGINT[])
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  new_version BIGINT;
  stamp BIGINT;
  written BIGINT;
BEGIN
  IF NOT pg_try_advisory_xact_lock(cluster_lock_key()) THEN RETURN 0; END IF;
  UPDATE cluster SET version = version + 1 RETURNING version INTO new_version;
  stamp := cluster_ns(clock_timestamp());
  UPDATE placement p
    SET owner = c.owner, epoch = c.epoch, next = c.next, wanted = c.wanted, changed_at = stamp,
        moved_at = CASE WHEN c.is_move = 1 THEN stamp ELSE p.moved_at END, version = new_version
    FROM unnest(shards, seen_epochs, seen_next, seen_wanted, owners, epochs, nexts, wanteds, are_moves)
      AS c(shard, seen_epoch, seen_next, seen_wanted, owner, epoch, next, wanted, is_move)
    WHERE p.shard = c.shard AND p.epoch = c.seen_epoch AND p.next = c.seen_next AND p.wanted = c.seen_wanted
      AND (c.epoch > p.epoch OR (c.epoch = p.epoch AND c.owner = p.owner));
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written;
END $$;

-- The owner itself hands over.
CREATE FUNCTION cluster_pass_on(me BIGINT, shards BIGINT[], seen_epochs BIGINT[], seen_next BIGINT[], owners BIGINT[], epochs BIGINT[])
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  new_version BIGINT;
  written BIGINT;
BEGIN
  UPDATE cluster SET version = version + 1 RETURNING version INTO new_version;
  UPDATE placement p
    SET owner = c.owner, epoch = c.epoch, next = 0, changed_at = cluster_ns(clock_timestamp()), version = new_version
    FROM unnest(shards, seen_epochs, seen_next, owners, epochs) AS c(shard, seen_epoch, seen_next, owner, epoch)
    WHERE p.shard = c.shard AND p.owner = me AND p.epoch = c.seen_epoch AND p.next = c.seen_next AND c.epoch > p.epoch;
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written;
END $$;

-- An operator's wish; 0 takes it back.
CREATE FUNCTION cluster_wish_move(of_shard BIGINT, to_node BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  new_version BIGINT;
BEGIN
  UPDATE cluster SET version = version + 1 RETURNING version INTO new_version;
  UPDATE placement SET wanted = to_node, changed_at = cluster_ns(clock_timestamp()), version = new_version WHERE shard = of_shard;
  RETURN FOUND;
END $$;
