-- Times are milliseconds since 1970. Names sort by their UTF-8 bytes (SQLite's BINARY collation).

CREATE TABLE items (
  group_name TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL, -- JSON
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  version INTEGER NOT NULL,
  UNIQUE (group_name, key)
) STRICT;

CREATE INDEX items_by_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;

-- A group has a row while it has items or settings worth keeping.
CREATE TABLE groups (
  name TEXT PRIMARY KEY,
  changed_at INTEGER NOT NULL, -- when an item was last added or removed; rewriting one only touches the item
  default_ttl INTEGER,
  finished_at INTEGER,
  clear_at INTEGER,
  configured_at INTEGER
) STRICT, WITHOUT ROWID;

-- The highest version among removed items: a key that comes back starts above it, so no version is used twice.
CREATE TABLE removed (version INTEGER NOT NULL) STRICT;
INSERT INTO removed VALUES (0);
