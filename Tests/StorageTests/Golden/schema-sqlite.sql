-- Step 0001-projects-models-jobs
CREATE TABLE project (
    name TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE dataset (
    project TEXT NOT NULL REFERENCES project (name),
    type TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (project, type)
) STRICT;

CREATE TABLE dataset_entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    source_ref TEXT NOT NULL,
    verdict TEXT,
    document TEXT NOT NULL,
    UNIQUE (project, type, source_ref),
    FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
) STRICT;

CREATE TABLE model (
    project TEXT NOT NULL REFERENCES project (name),
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (project, version)
) STRICT;
CREATE INDEX model_status ON model (status);

CREATE TABLE packaging_job (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL REFERENCES project (name),
    job_name TEXT NOT NULL,
    component TEXT NOT NULL,
    component_version TEXT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (project, job_name)
) STRICT;
-- Two jobs must not write one component version at the same time.
CREATE UNIQUE INDEX packaging_job_running
    ON packaging_job (component, component_version) WHERE status = 'RUNNING';

CREATE TABLE job (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    not_before REAL NOT NULL,
    lease_expiry REAL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX job_state ON job (state, not_before);

CREATE TABLE client_token (
    key TEXT NOT NULL PRIMARY KEY,
    created REAL NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX client_token_created ON client_token (created);

CREATE TABLE tag (
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
) STRICT;

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- Step 0002-entry-times-changes-users
ALTER TABLE dataset_entry ADD COLUMN created REAL NOT NULL DEFAULT 0;
-- Documents count seconds from 2001, columns from 1970.
UPDATE dataset_entry
    SET created = json_extract(document, '$.created') + 978307200.0;

CREATE TABLE dataset_change (
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    lines BLOB NOT NULL,
    PRIMARY KEY (project, type),
    FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
) STRICT;

CREATE TABLE user (
    name TEXT NOT NULL PRIMARY KEY,
    access_key_id TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;

-- Step 0003-clusters
ALTER TABLE job ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 2;
-- When the newest attempt began.
ALTER TABLE job ADD COLUMN claimed REAL;
CREATE INDEX job_project ON job (project, claimed);

CREATE TABLE component (
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    document TEXT NOT NULL,
    recipe BLOB NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

-- Objects that are written before the row that will name them.
CREATE TABLE staged_object (
    key TEXT NOT NULL PRIMARY KEY,
    created REAL NOT NULL
) STRICT;
CREATE INDEX staged_object_created ON staged_object (created);

-- Servers and workers that are alive.
CREATE TABLE member (
    id TEXT NOT NULL PRIMARY KEY,
    seen REAL NOT NULL,
    document TEXT NOT NULL
) STRICT;
-- Step 0004-console-sessions
CREATE TABLE console_session (
    id TEXT NOT NULL PRIMARY KEY,
    -- Empty for the owner of the root key.
    user_name TEXT NOT NULL,
    expires REAL NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX console_session_user ON console_session (user_name);
CREATE INDEX console_session_expires ON console_session (expires);
-- Step 0005-detections-a-day
-- How many images each model judged on a day, in days since 1970, UTC.
CREATE TABLE detection_day (
    project TEXT NOT NULL REFERENCES project (name) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    day INTEGER NOT NULL,
    images INTEGER NOT NULL,
    anomalies INTEGER NOT NULL,
    PRIMARY KEY (project, version, day)
) STRICT;
CREATE INDEX detection_day_day ON detection_day (day);
-- Step 0006-entries-in-their-order
-- A page of entries is read without sorting all. SQLite's indexes end with the position.
CREATE INDEX dataset_entry_order ON dataset_entry (project, type);
