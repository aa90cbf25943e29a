/**
 * The schema, one string a version: the database's `user_version` is how many of them it has seen. A released string is
 * never edited; a change is a new one at the end.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE libraries (
    id INTEGER PRIMARY KEY,
    root TEXT NOT NULL UNIQUE,
    watched INTEGER NOT NULL,
    paused TEXT,
    held INTEGER NOT NULL DEFAULT 0 -- looked into, but not converted yet
  );

  CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    library INTEGER NOT NULL REFERENCES libraries ON DELETE CASCADE,
    path TEXT NOT NULL,            -- relative to the library's root
    inode TEXT NOT NULL,           -- device:inode
    version TEXT NOT NULL,         -- size:mtime in ns
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,        -- ms since 1970
    state TEXT NOT NULL,
    code TEXT,
    reason TEXT,
    hash TEXT,                     -- sampled, of this version
    added INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    codec TEXT,                    -- from the probe, for lists: of the video as it was before a conversion
    width INTEGER,
    height INTEGER,
    resolution TEXT,
    hdr TEXT,
    frame_rate REAL,
    bit_rate INTEGER,
    audio TEXT,
    duration REAL,
    source_size INTEGER,           -- both set by a replacement
    result_size INTEGER,
    worker TEXT,                   -- the last one
    job INTEGER,                   -- the last one
    settles INTEGER,               -- ms since 1970: still being written, look again then
    missing INTEGER,               -- ms since 1970: not found since
    saved INTEGER AS (source_size - result_size),
    urgency INTEGER AS (CASE state WHEN 'failed' THEN 0 WHEN 'blocked' THEN 1 WHEN 'running' THEN 2 WHEN 'queued' THEN 3
      WHEN 'found' THEN 4 WHEN 'done' THEN 5 ELSE 6 END),
    UNIQUE (library, path)
  );
  CREATE INDEX files_by_kind ON files (state, library, codec, resolution, hdr, worker, code, missing, size);
  CREATE INDEX files_to_probe_by_mtime ON files (library, mtime) WHERE state = 'found' AND missing IS NULL;
  CREATE INDEX files_to_probe_by_size ON files (library, size) WHERE state = 'found' AND missing IS NULL;
  CREATE INDEX files_settling ON files (settles) WHERE settles IS NOT NULL;
  CREATE INDEX files_missing ON files (size) WHERE missing IS NOT NULL;

  -- Apart from the files, so that lists need not read past them.
  CREATE TABLE probes (
    file INTEGER PRIMARY KEY REFERENCES files ON DELETE CASCADE,
    data BLOB NOT NULL             -- JSON, deflated
  );

  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    library INTEGER NOT NULL,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    rank INTEGER NOT NULL DEFAULT 0, -- within a priority, higher comes first: moved by hand
    attempts INTEGER NOT NULL DEFAULT 0,
    result_size INTEGER,
    ended INTEGER,
    predicted INTEGER,             -- bytes; like what follows, known from the first lease on and kept as history
    codec TEXT,
    resolution TEXT,
    worker TEXT,
    duration REAL,
    frame_rate REAL,
    encode_seconds REAL,           -- of encoding alone, and of all stages
    work_seconds REAL
  );
  CREATE INDEX jobs_of_file ON jobs (file);
  CREATE INDEX jobs_queued_by_size ON jobs (library, priority, rank, size) WHERE state = 'queued';
  CREATE INDEX jobs_queued_by_mtime ON jobs (library, priority, rank, mtime) WHERE state = 'queued';
  CREATE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
  CREATE INDEX jobs_done ON jobs (ended, library, codec, resolution, worker, size, result_size, encode_seconds)
    WHERE state = 'done';

  CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL UNIQUE REFERENCES jobs ON DELETE CASCADE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    worker TEXT
  );
  CREATE INDEX tasks_open ON tasks (state) WHERE state IN ('leased', 'delivered');

  CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    worker TEXT NOT NULL,          -- id
    name TEXT NOT NULL,            -- of the worker, as it was then
    plan TEXT NOT NULL,            -- JSON
    started INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT,
    reason TEXT,
    stages TEXT NOT NULL DEFAULT '{}',
    log TEXT,
    likeness TEXT                  -- JSON
  );
  CREATE INDEX attempts_of_job ON attempts (job);
  CREATE INDEX attempts_of_worker ON attempts (worker, outcome);

  CREATE TABLE swaps (             -- the journal: a row is an unfinished replacement or restoration
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    step TEXT NOT NULL,
    data TEXT NOT NULL             -- JSON
  );

  CREATE TABLE vault (
    id TEXT PRIMARY KEY,
    file INTEGER REFERENCES files ON DELETE SET NULL,
    job INTEGER,
    original TEXT NOT NULL,        -- absolute paths
    kept TEXT NOT NULL,
    result TEXT NOT NULL,
    identity TEXT NOT NULL,        -- JSON, of the original
    result_identity TEXT NOT NULL, -- JSON
    replaced INTEGER NOT NULL,
    keep_until INTEGER
  );
  CREATE INDEX vault_of_file ON vault (file);
  CREATE INDEX vault_by_expiry ON vault (keep_until) WHERE keep_until IS NOT NULL;

  CREATE TABLE workers (
    id TEXT PRIMARY KEY,           -- of the device: the beginning of its fingerprint
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    mode TEXT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}', -- JSON
    hello TEXT,                    -- JSON, the last one
    added INTEGER NOT NULL,
    seen INTEGER                   -- ms since 1970
  );

  CREATE TABLE worker_storage (
    worker TEXT NOT NULL REFERENCES workers ON DELETE CASCADE,
    library INTEGER NOT NULL REFERENCES libraries ON DELETE CASCADE,
    path TEXT,                     -- the library's root on the worker; NULL: videos are fetched
    PRIMARY KEY (worker, library)
  ) WITHOUT ROWID;

  CREATE TABLE invites (
    hash TEXT PRIMARY KEY,         -- SHA-256 of the secret
    expires INTEGER NOT NULL
  );

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL            -- JSON
  );

  CREATE TABLE facts (             -- what Flotilla has to remember beside settings
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL            -- JSON
  );

  CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,         -- of the cookie
    id TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    expires INTEGER NOT NULL
  );

  CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER
  );
  `,
  `
  DROP INDEX vault_by_expiry;
  ALTER TABLE vault ADD COLUMN keep_days REAL; -- NULL: for ever
  ALTER TABLE vault ADD COLUMN due INTEGER;    -- ms of the vault's clock, which counts time that was lived through
  UPDATE vault SET keep_days = max(0, keep_until - replaced) / 86400000.0, due = max(0, keep_until - replaced)
    WHERE keep_until IS NOT NULL;
  ALTER TABLE vault DROP COLUMN keep_until;

  CREATE TABLE purged (            -- originals that were removed for ever
    id TEXT PRIMARY KEY,
    original TEXT NOT NULL,
    result TEXT NOT NULL,
    size INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    purged INTEGER NOT NULL,
    by TEXT NOT NULL               -- 'time' or 'user'
  );
  CREATE INDEX purged_by_time ON purged (purged);
  `,
  `
  ALTER TABLE libraries ADD COLUMN owner TEXT; -- the computer whose Flotilla works there instead of this one
  `,
  `
  ALTER TABLE files ADD COLUMN teletext INTEGER; -- 1: pages of subtitles, for which not every ffmpeg will do
  `,
  `
  CREATE TABLE needs (             -- what conversions may need of an ffmpeg: few kinds, however many videos
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL UNIQUE      -- JSON: names of codecs
  );
  ALTER TABLE files ADD COLUMN needs INTEGER REFERENCES needs; -- NULL: not known yet
  ALTER TABLE files DROP COLUMN teletext;
  `,
  `
  ALTER TABLE attempts ADD COLUMN encoder TEXT; -- name and version, as the worker told it; NULL: not told
  `,
  `
  ALTER TABLE attempts ADD COLUMN refused INTEGER; -- 1: its result was refused, and no retry has asked for it again
  ALTER TABLE files ADD COLUMN salvage INTEGER;    -- 1: to be converted although it is damaged, as its user decided
  `,
  `
  ALTER TABLE attempts ADD COLUMN vain INTEGER;  -- 1: it was work in vain, 2: and its Flotilla ended with it; no user has asked for the video since
  ALTER TABLE attempts ADD COLUMN tries INTEGER; -- times that its result was taken in hand without an end
  `,
  `
  ALTER TABLE files ADD COLUMN overrides TEXT; -- JSON: skip codes that its user overruled; NULL: none
  UPDATE files SET overrides = '["damaged"]' WHERE salvage = 1;
  ALTER TABLE files DROP COLUMN salvage;
  `,
  `
  CREATE TABLE history (           -- what happened when, the newest of it
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    by TEXT,                       -- 'you', a worker's name, or NULL for Flotilla itself
    text TEXT NOT NULL,
    file INTEGER REFERENCES files ON DELETE SET NULL
  );
  CREATE INDEX history_by_file ON history (file) WHERE file IS NOT NULL;
  `,
  `
  ALTER TABLE attempts ADD COLUMN quality TEXT;  -- JSON: how its CRF was found, and what the result was measured at; NULL: by the table
  `,
  `
  -- What an install did before goes on: new defaults are for new installs, which have no worker yet.
  INSERT OR IGNORE INTO settings (key, value) SELECT 'quality', '"table"' WHERE EXISTS (SELECT 1 FROM workers);
  INSERT OR IGNORE INTO settings (key, value) SELECT 'fileOrder', '"oldest"' WHERE EXISTS (SELECT 1 FROM workers);

  ALTER TABLE files ADD COLUMN others INTEGER;   -- bytes of the result that are no pictures; NULL: not known yet
  ALTER TABLE files ADD COLUMN expected INTEGER; -- bytes that the result will probably have; NULL: nothing is known, or nothing to come
  ALTER TABLE files ADD COLUMN effort REAL;      -- what the time of its encode grows with
  ALTER TABLE jobs ADD COLUMN gain REAL NOT NULL DEFAULT 0; -- bytes that are probably saved for each unit of effort
  CREATE INDEX jobs_queued_by_gain ON jobs (library, priority, rank, gain) WHERE state = 'queued';

  CREATE TABLE samples (           -- what a few seconds of a video foretell of it
    file INTEGER PRIMARY KEY REFERENCES files ON DELETE CASCADE,
    version TEXT NOT NULL,
    asked TEXT NOT NULL,           -- JSON: the quality that was asked for
    crf REAL NOT NULL,
    quality REAL,                  -- dB; NULL: not measured
    pictures INTEGER NOT NULL,     -- bytes
    error REAL NOT NULL,           -- share of them, two standard errors
    windows INTEGER NOT NULL,
    seconds REAL NOT NULL,         -- that an encode of the whole takes on that computer
    computer TEXT NOT NULL,
    made INTEGER NOT NULL
  );
  `,
  `
  ALTER TABLE attempts ADD COLUMN chunks INTEGER; -- chunks of the video that were done, as its worker last said; NULL: encoded in one piece
  `,
  `
  CREATE TABLE blind_votes (       -- what looked better to a user who did not know which was which
    file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    position INTEGER NOT NULL,     -- place in the video
    target REAL,                   -- dB that the result was to come to; NULL: CRF by the table
    verdict TEXT NOT NULL,         -- 'source', 'result', or 'same'
    PRIMARY KEY (file, position)
  ) WITHOUT ROWID;
  `,
  `
  -- Sums over folders, libraries, and states are made of an index alone: rows of the table are ten times as long.
  CREATE INDEX files_by_folder ON files (library, path, state, size, source_size, result_size);
  DROP INDEX files_by_kind;
  CREATE INDEX files_by_kind ON files (state, library, codec, resolution, hdr, worker, code, missing, size, source_size, result_size);
  `,
  `
  ALTER TABLE jobs ADD COLUMN all_computers INTEGER NOT NULL DEFAULT 0; -- 1: computers help with it before they begin another video
  `,
];
