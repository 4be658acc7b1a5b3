-- Trades of every market, own and mirrored: one id sequence per market, so appends go to one place
-- per market and a jump in the ids is a gap.
CREATE TABLE trades(
  market INTEGER NOT NULL,
  id INTEGER NOT NULL,
  price INTEGER NOT NULL,
  size INTEGER NOT NULL,
  buyer_is_maker INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(market, id)
) WITHOUT ROWID;

-- A missing open_time is a gap: a quiet market has flat candles.
CREATE TABLE candles(
  market INTEGER NOT NULL,
  interval INTEGER NOT NULL,
  open_time INTEGER NOT NULL,
  open INTEGER NOT NULL,
  high INTEGER NOT NULL,
  low INTEGER NOT NULL,
  close INTEGER NOT NULL,
  volume INTEGER NOT NULL,
  taker_buy_volume INTEGER NOT NULL,
  quote_volume INTEGER NOT NULL,
  trades INTEGER NOT NULL,
  PRIMARY KEY(market, interval, open_time)
) WITHOUT ROWID;

-- How the file was left: see storage/unsynced_file.hpp.
CREATE TABLE file_state(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  boot TEXT NOT NULL,
  is_clean INTEGER NOT NULL
);
