-- Step 0001-projects-models-jobs
CREATE TABLE project (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
);

CREATE TABLE dataset (
    project TEXT COLLATE "C" NOT NULL REFERENCES project (name),
    type TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (project, type)
);

CREATE TABLE dataset_entry (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    source_ref TEXT COLLATE "C" NOT NULL,
    verdict TEXT COLLATE "C",
    document TEXT NOT NULL,
    UNIQUE (project, type, source_ref),
    FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
);
-- SQLite's own indexes have the position in them.
CREATE UNIQUE INDEX dataset_entry_position ON dataset_entry (project, type, position);

CREATE TABLE model (
    project TEXT COLLATE "C" NOT NULL REFERENCES project (name),
    version BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (project, version)
);
CREATE INDEX model_status ON model (status);

CREATE TABLE packaging_job (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project TEXT COLLATE "C" NOT NULL REFERENCES project (name),
    job_name TEXT COLLATE "C" NOT NULL,
    component TEXT COLLATE "C" NOT NULL,
    component_version TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (project, job_name)
);
-- Two jobs must not write one component version at the same time.
CREATE UNIQUE INDEX packaging_job_running
    ON packaging_job (component, component_version) WHERE status = 'RUNNING';

CREATE TABLE job (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    kind TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    not_before DOUBLE PRECISION NOT NULL,
    lease_expiry DOUBLE PRECISION,
    document TEXT NOT NULL
);
CREATE INDEX job_state ON job (state, not_before);
-- Workers look for the oldest of these only.
CREATE INDEX job_open ON job (position) WHERE state IN ('queued', 'running');

CREATE TABLE client_token (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created DOUBLE PRECISION NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX client_token_created ON client_token (created);

CREATE TABLE tag (
    resource TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
);

CREATE TABLE setting (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Step 0002-entry-times-changes-users
ALTER TABLE dataset_entry ADD COLUMN created DOUBLE PRECISION NOT NULL DEFAULT 0;
-- Documents count seconds from 2001, columns from 1970.
UPDATE dataset_entry SET created =
    (document::json ->> 'created')::double precision + 978307200.0;

CREATE TABLE dataset_change (
    project TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    lines BYTEA NOT NULL,
    PRIMARY KEY (project, type),
    FOREIGN KEY (project, type) REFERENCES dataset (project, type) ON DELETE CASCADE
);

CREATE TABLE "user" (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    access_key_id TEXT COLLATE "C" NOT NULL UNIQUE,
    document TEXT NOT NULL
);

-- Step 0003-clusters
ALTER TABLE job ADD COLUMN project TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN priority BIGINT NOT NULL DEFAULT 2;
-- When the newest attempt began.
ALTER TABLE job ADD COLUMN claimed DOUBLE PRECISION;
CREATE INDEX job_project ON job (project, claimed);

CREATE TABLE component (
    name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    recipe BYTEA NOT NULL,
    PRIMARY KEY (name, version)
);

-- Objects that are written before the row that will name them.
CREATE TABLE staged_object (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created DOUBLE PRECISION NOT NULL
);
CREATE INDEX staged_object_created ON staged_object (created);

-- Servers and workers that are alive.
CREATE TABLE member (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seen DOUBLE PRECISION NOT NULL,
    document TEXT NOT NULL
);
-- Step 0004-console-sessions
CREATE TABLE console_session (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Empty for the owner of the root key.
    user_name TEXT COLLATE "C" NOT NULL,
    expires DOUBLE PRECISION NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX console_session_user ON console_session (user_name);
CREATE INDEX console_session_expires ON console_session (expires);
-- Step 0005-detections-a-day
-- How many images each model judged on a day, in days since 1970, UTC.
CREATE TABLE detection_day (
    project TEXT COLLATE "C" NOT NULL REFERENCES project (name) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    day BIGINT NOT NULL,
    images BIGINT NOT NULL,
    anomalies BIGINT NOT NULL,
    PRIMARY KEY (project, version, day)
);
CREATE INDEX detection_day_day ON detection_day (day);
-- Step 0006-entries-in-their-order
SELECT 1;
