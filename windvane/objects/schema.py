"""Tables of the index, as migrations that run in order; what stands here is never changed, only followed by more.

Keys are BLOBs, so that they compare by their bytes; times are microseconds since 1970. A version id is made of its
sequence and its nonce, so that it is found by the one and cannot be guessed for the other; without a nonce it is "null".
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created INTEGER NOT NULL,
    versioning TEXT NOT NULL
) STRICT;
CREATE INDEX buckets_of_account ON buckets (account, name);

CREATE TABLE documents (
    bucket INTEGER NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lifecycles (
    bucket INTEGER PRIMARY KEY,
    rules TEXT NOT NULL
) STRICT;

CREATE TABLE usage (
    account TEXT PRIMARY KEY,
    n_bytes INTEGER NOT NULL,
    n_objects INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The bytes of versions: in `data`, in one file, or in a folder of parts (then without a checksum of its own).
CREATE TABLE contents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file TEXT UNIQUE,
    data BLOB,
    stored_size INTEGER NOT NULL,
    crc INTEGER,
    refs INTEGER NOT NULL
) STRICT;

CREATE TABLE parts (
    content INTEGER NOT NULL,
    number INTEGER NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    stored_size INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    checksum TEXT NOT NULL,
    parameters TEXT NOT NULL,
    PRIMARY KEY (content, number)
) STRICT, WITHOUT ROWID;

-- A row without content is a delete marker.
CREATE TABLE versions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    nonce TEXT NOT NULL,
    latest INTEGER NOT NULL,
    content INTEGER,
    size INTEGER NOT NULL,
    stored_size INTEGER NOT NULL,
    n_parts INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified INTEGER NOT NULL,
    attributes TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX versions_of_key ON versions (bucket, key, sequence DESC);
CREATE UNIQUE INDEX null_version_of_key ON versions (bucket, key) WHERE nonce = '';
CREATE UNIQUE INDEX latest_of_key ON versions (bucket, key) WHERE latest = 1 AND content IS NOT NULL;

CREATE TABLE uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nonce TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    begun INTEGER NOT NULL,
    content INTEGER NOT NULL,
    attributes TEXT NOT NULL
) STRICT;
CREATE INDEX uploads_of_key ON uploads (bucket, key, id);

-- Uploads that were completed, so that asking again gives the same answer.
CREATE TABLE completions (
    upload TEXT PRIMARY KEY,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    named TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX completions_by_time ON completions (at);
"""

_KINDS_OF_SUMS = """
ALTER TABLE contents ADD COLUMN sum_kind TEXT NOT NULL DEFAULT 'CRC32';
ALTER TABLE parts ADD COLUMN sum_kind TEXT NOT NULL DEFAULT 'CRC32'
"""

_BESIDE_CONTENT = """
ALTER TABLE usage ADD COLUMN n_beside INTEGER NOT NULL DEFAULT 0;
INSERT INTO usage (account, n_bytes, n_objects, n_beside)
SELECT account, 0, 0, sum(n) FROM (
    SELECT bucket, 512 + 4 * length(key) + length(attributes) AS n FROM versions
    UNION ALL SELECT bucket, 4608 + 4 * length(key) + length(attributes) FROM uploads
    UNION ALL SELECT bucket, 4096 FROM uploads JOIN parts ON parts.content = uploads.content
    UNION ALL SELECT bucket, length(text) FROM documents
    UNION ALL SELECT bucket, length(rules) FROM lifecycles
) JOIN buckets ON buckets.id = bucket WHERE true GROUP BY account
ON CONFLICT (account) DO UPDATE SET n_beside = excluded.n_beside
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _KINDS_OF_SUMS, _BESIDE_CONTENT)
"""The schema of version n is what the first n of them make."""
