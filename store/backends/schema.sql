-- Times are milliseconds since 1970. Names sort by their UTF-8 bytes (SQLite's BINARY collation).

-- What a group holds is counted here, expired items included until they are swept. A group has a row while it has items
-- or settings worth keeping. Clearing it gives it a row with a new id: its items are out of sight at once.
CREATE TABLE groups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  items INTEGER NOT NULL DEFAULT 0,
  expiring INTEGER NOT NULL DEFAULT 0, -- items that have an expiry
  size INTEGER NOT NULL DEFAULT 0,
  next_expiry INTEGER, -- no item expires before it
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  floor INTEGER NOT NULL, -- no version up to here is given to a new item
  top INTEGER NOT NULL, -- no item's version is above
  default_ttl INTEGER,
  finished_at INTEGER,
  clear_at INTEGER
) STRICT;

CREATE INDEX groups_by_expiry ON groups (next_expiry) WHERE next_expiry IS NOT NULL;
CREATE INDEX groups_by_clearing ON groups (clear_at) WHERE clear_at IS NOT NULL;

CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  expiry_bucket INTEGER, -- expires_at >> 16, about a minute: a TTL that is renewed often seldom writes to the index
  version INTEGER NOT NULL,
  value TEXT NOT NULL, -- JSON; what stood behind it could not be had without reading all of it
  UNIQUE (group_id, key)
) STRICT;

CREATE INDEX items_by_expiry ON items (group_id, expiry_bucket) WHERE expiry_bucket IS NOT NULL;

-- Ids that groups had before they were cleared, while there are items left of them to remove.
CREATE TABLE cleared (group_id INTEGER PRIMARY KEY) STRICT;

-- What was removed or replaced with `undo`, by the id that it can be restored under. An entry without a name was given up,
-- and is being removed.
CREATE TABLE trash (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  seq INTEGER NOT NULL DEFAULT 0, -- raised with each addition
  action TEXT NOT NULL,
  removed_at INTEGER NOT NULL, -- when it was last added to
  items INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX trash_by_seq ON trash (seq);
CREATE INDEX trash_by_age ON trash (removed_at);

-- Its parts, each of one group, with what that has lost of its settings. Their items are rows of `items` under `group_id`.
-- Above 0 it is the id that a group had until it was cleared at `removed_at`. Below 0 they are copies of single items,
-- with an empty value where there was no item before; `updated_at` tells when they were removed, `version` which version
-- that has left (0: no item).
CREATE TABLE trashed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trash_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  removed_at INTEGER NOT NULL,
  default_ttl INTEGER,
  finished_at INTEGER,
  clear_at INTEGER
) STRICT;

CREATE INDEX trashed_by_entry ON trashed (trash_id, name);

-- One row. `id` ties the files beside the database to it; no group that comes into being gives a version up to `floor`.
CREATE TABLE store (id BLOB NOT NULL, floor INTEGER NOT NULL) STRICT;
INSERT INTO store VALUES (randomblob(16), 0);
