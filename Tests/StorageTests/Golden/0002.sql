-- A database as the version before clusters left it, with a row of each kind; never made again.
CREATE TABLE spotter_migration (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY
);
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
INSERT INTO spotter_migration (name) VALUES ('0001-projects-models-jobs');
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
INSERT INTO spotter_migration (name) VALUES ('0002-entry-times-changes-users');
INSERT INTO "project" (name, document) VALUES ('old', '{"created":791692800.25,"lastModelVersion":2,"name":"old"}');
INSERT INTO "dataset" (project, type, document) VALUES ('old', 'train', '{"created":791692800.25,"project":"old","stats":{"anomaly":0,"labeled":1,"normal":1,"total":2},"status":"CREATE_COMPLETE","type":"train","updated":791692800.25}');
INSERT INTO "dataset_entry" (project, type, source_ref, verdict, created, document) VALUES ('old', 'train', 's3://b/0', 'normal', 1770000000.25, '{"created":791692800.25,"line":"{}","sourceRef":"s3://b/0","verdict":"normal"}');
INSERT INTO "dataset_entry" (project, type, source_ref, verdict, created, document) VALUES ('old', 'train', 's3://b/1', NULL, 1770000010.25, '{"created":791692810.25,"line":"{}","sourceRef":"s3://b/1"}');
INSERT INTO "dataset_change" (project, type, lines) VALUES ('old', 'train', '\x7b7d0a');
INSERT INTO "model" (project, version, status, document) VALUES ('old', 2, 'TRAINING', '{"created":791692800.25,"output":{"bucket":"b"},"project":"old","status":"TRAINING","version":2}');
INSERT INTO "packaging_job" (project, job_name, component, component_version, status, document) VALUES ('old', 'j', 'c', '1.0.0', 'RUNNING', '{"configuration":{"greengrass":{"componentName":"c","s3OutputLocation":{"bucket":"bbb"}}},"created":791692800.25,"jobName":"j","modelVersion":2,"project":"old","status":"RUNNING","updated":791692800.25}');
INSERT INTO "job" (id, kind, state, not_before, lease_expiry, document) VALUES ('00000000-0000-4000-8000-000000000001', 'train', 'finished', 1770000000.25, NULL, '{"attempt":1,"created":791692800.25,"id":"00000000-0000-4000-8000-000000000001","kind":"train","notBefore":791692800.25,"state":"finished","subject":"e30="}');
INSERT INTO "job" (id, kind, state, not_before, lease_expiry, document) VALUES ('00000000-0000-4000-8000-000000000002', 'train', 'running', 1770000000.25, 1770000030.25, '{"attempt":1,"created":791692800.25,"id":"00000000-0000-4000-8000-000000000002","kind":"train","leaseExpiry":791692830.25,"leaseOwner":"00000000-0000-4000-9000-000000000001","notBefore":791692800.25,"state":"running","subject":"e30="}');
INSERT INTO "job" (id, kind, state, not_before, lease_expiry, document) VALUES ('00000000-0000-4000-8000-000000000003', 'train', 'queued', 1770000000.25, NULL, '{"attempt":0,"created":791692800.25,"id":"00000000-0000-4000-8000-000000000003","kind":"train","notBefore":791692800.25,"state":"queued","subject":"e30="}');
INSERT INTO "job" (id, kind, state, not_before, lease_expiry, document) VALUES ('00000000-0000-4000-8000-000000000004', 'train', 'queued', 1770000000.25, NULL, '{"attempt":1,"created":791692800.25,"id":"00000000-0000-4000-8000-000000000004","kind":"train","lastError":"no image","notBefore":791692800.25,"state":"queued","subject":"e30="}');
INSERT INTO "client_token" (key, created, document) VALUES ('CreateModel t', 1770000000.25, '{"created":791692800.25,"key":"CreateModel t","requestDigest":"d","response":"e30="}');
INSERT INTO "tag" (resource, key, value) VALUES ('arn', 'k', 'v');
INSERT INTO "setting" (name, value) VALUES ('s', '\x0102');
INSERT INTO "user" (name, access_key_id, document) VALUES ('ann', 'K1', '{"accessKeyID":"K1","created":791692800.25,"keyCreated":791692800.25,"name":"ann","policy":"{}","secretAccessKey":"s"}');
