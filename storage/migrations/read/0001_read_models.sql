-- Read models are written at the pace of the journal, so their layout follows the writer: rows are
-- appended in the order they happen and found through chains, not through indices. A row names the
-- row before it in its account's list, and accounts holds the head of each list: newest first is a
-- walk. docs/formats/read_models.md has the measurement. Everything here can be dropped and
-- projected again.
--
-- What the rows' bytes are made of: layout 321fb3a59976519e. A change of it is a change of this file, so that a file of
-- another layout is dropped and projected again (tests/storage/read_layout_test.cpp says what to write).

CREATE TABLE cursors(
  shard INTEGER PRIMARY KEY,
  position INTEGER NOT NULL
);

-- How the file was left: see storage/unsynced_file.hpp.
CREATE TABLE file_state(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  boot TEXT NOT NULL,
  is_clean INTEGER NOT NULL
);

CREATE TABLE users(
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,
  role INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  status INTEGER NOT NULL
);

-- As the user's own stream says, so that a user is listed with his accounts wherever those live.
CREATE TABLE user_accounts(
  owner INTEGER NOT NULL,
  account INTEGER NOT NULL,
  label TEXT NOT NULL,
  PRIMARY KEY(owner, account)
) WITHOUT ROWID;

CREATE TABLE accounts(
  id INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  label TEXT NOT NULL,
  last_order INTEGER NOT NULL, -- head of its chain in orders
  last_entry INTEGER NOT NULL, -- head of its chain in entries
  flows BLOB NOT NULL          -- storage/account_flows.hpp; empty: none yet
);

-- The account's flows after every 256th of its entries, for statements: the entry is the last they hold.
CREATE TABLE flow_marks(
  account INTEGER NOT NULL,
  at INTEGER NOT NULL, -- when that entry was booked
  entry INTEGER NOT NULL,
  flows BLOB NOT NULL,
  PRIMARY KEY(account, at, entry)
) WITHOUT ROWID;

CREATE TABLE markets(
  id INTEGER PRIMARY KEY,
  base TEXT NOT NULL,
  quote TEXT NOT NULL
);

-- Final orders, one row each, written once: storage/read_rows.hpp says what the bytes are. Nothing
-- is looked for by another column, and a column costs its share of every row that is written.
CREATE TABLE orders(
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
);

-- What the projector knows of an order that is not final at the end of a transaction.
CREATE TABLE open_orders(
  id INTEGER PRIMARY KEY,
  state BLOB NOT NULL
);

-- Account events that change what an account has: fills and transfers, up to 32 of them in a row, whose
-- id is that of the first. A fill is the execution, and its ledger entries are derived from it when
-- they are read.
CREATE TABLE entries(
  id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
);

-- Deposits and withdrawals of all accounts once more: few among the fills, and listed by themselves.
CREATE TABLE transfers(
  id INTEGER PRIMARY KEY, -- of its entry
  account INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  asset TEXT NOT NULL,
  amount INTEGER NOT NULL,
  reference TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX transfers_of_account ON transfers(account, id);

-- Sums are wider than 64 bits: the value is available + 10^18 x available_e18, both of one sign.
CREATE TABLE balances(
  account INTEGER NOT NULL,
  asset TEXT NOT NULL,
  available INTEGER NOT NULL,
  available_e18 INTEGER NOT NULL,
  hold INTEGER NOT NULL,
  hold_e18 INTEGER NOT NULL,
  PRIMARY KEY(account, asset)
) WITHOUT ROWID;

-- Ledger accounts without an entity (domain/ledger.hpp): the sum of their postings.
CREATE TABLE system_balances(
  kind INTEGER NOT NULL,
  number INTEGER NOT NULL, -- of the market, for clearing
  asset TEXT NOT NULL,
  amount INTEGER NOT NULL,
  amount_e18 INTEGER NOT NULL,
  PRIMARY KEY(kind, number, asset)
) WITHOUT ROWID;
