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
  value TEXT NOT NULL, -- JSON
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  expiry_bucket INTEGER, -- expires_at >> 16, about a minute: a TTL that is renewed often seldom writes to the index
  version INTEGER NOT NULL,
  UNIQUE (group_id, key)
) STRICT;

CREATE INDEX items_by_expiry ON items (group_id, expiry_bucket) WHERE expiry_bucket IS NOT NULL;

-- Ids that groups had before they were cleared, while there are items left of them to remove.
CREATE TABLE cleared (group_id INTEGER PRIMARY KEY) STRICT;

-- One row. `id` ties the files beside the database to it; no group that comes into being gives a version up to `floor`.
CREATE TABLE store (id BLOB NOT NULL, floor INTEGER NOT NULL) STRICT;
INSERT INTO store VALUES (randomblob(16), 0);
