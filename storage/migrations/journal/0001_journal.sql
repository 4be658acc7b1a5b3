-- One row per shard and commit; id = shard << 40 | position, so the rowid tree is the only index.
CREATE TABLE journal(
  id INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  blob BLOB NOT NULL
);

-- The current writer's epoch per shard.
CREATE TABLE shards(
  shard INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL
);

CREATE TABLE claims(
  key TEXT PRIMARY KEY,
  owner INTEGER NOT NULL
) WITHOUT ROWID;

-- Large values are written in parts, a small transaction each, before the row that names them.
CREATE TABLE parts(
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
);

CREATE TABLE snapshots(
  entity INTEGER PRIMARY KEY,
  event_number INTEGER NOT NULL,
  wake_at INTEGER NOT NULL,
  part_first INTEGER NOT NULL,
  part_count INTEGER NOT NULL,
  crc INTEGER NOT NULL
);
CREATE INDEX snapshots_wake ON snapshots(entity) WHERE wake_at <> 0;

CREATE TABLE checkpoints(
  name TEXT PRIMARY KEY,
  part_first INTEGER NOT NULL,
  part_count INTEGER NOT NULL,
  crc INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sequences(
  name TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) WITHOUT ROWID;

-- Ranges of parts that nothing names: half-written or replaced values, removed bit by bit.
CREATE TABLE garbage(
  part_first INTEGER PRIMARY KEY,
  part_count INTEGER NOT NULL
);
