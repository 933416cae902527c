"""`spotter doctor`: what it finds in a data directory, in a cluster and in a database."""

import contextlib
import json
import os
import sqlite3
import time

import botocore.exceptions
import pytest

from support import edge
from support.commands import backup, doctor, done, levels, peer_key, restore, serving, spotter
from support.postgresql import Database
from support.story import ONCE


def test_the_doctor_finds_a_server_at_work_well_and_harms_nothing(kept):
    found = doctor("--data-directory", kept.directory)
    assert not levels(found)
    for check in ("ONNX Runtime", "backbone", "data directory", "objects", "schema", "round trip",
                  "queue", "leases", "failed jobs", "left objects", "hosted models"):
        assert found[check]["level"] == "ok", found[check]
    assert "server" in found["members"]["text"]
    text = done(spotter("doctor", "--data-directory", kept.directory))
    assert len(text.splitlines()) == len(found)
    # The rest of the command lines of servers and workers.
    text = done(spotter(
        "doctor", "--data-directory", kept.directory, "--hostname=0.0.0.0", "--port", "9444",
        "--no-worker", "--kinds", "train,package", "--concurrency=2", "--metrics=everyone"))
    assert len(text.splitlines()) == len(found)
    assert "--concurrency" not in done(spotter("doctor", "--help"))
    assert not [x for x in kept.directory.rglob(".spotter-doctor-*")]


def test_the_doctor_names_what_is_broken(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    next((data / "internal" / "models").rglob("model.onnx")).unlink()
    (data / "credentials").chmod(0o644)
    with contextlib.closing(sqlite3.connect(data / "spotter.sqlite")) as rows:
        job = {"id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301", "kind": "train", "attempt": 1,
               "subject": "", "state": "failed", "notBefore": 0, "created": 0,
               "lastError": "the disk is full"}
        rows.execute(
            "INSERT INTO job (id, kind, state, not_before, document) VALUES (?, ?, ?, ?, ?)",
            (job["id"], "train", "failed", time.time() - 60, json.dumps(job)))
        rows.execute("DELETE FROM member")
        rows.execute("INSERT INTO staged_object VALUES ('p/9/x/model.onnx', ?)",
                     (time.time() - 3 * 86400,))
        rows.commit()
    found = doctor("--data-directory", data, SPOTTER_ONNX_RUNTIME="/no/such/libonnxruntime.so")
    assert levels(found) == {"installation", "hosted models"}
    assert "parts/1" in found["hosted models"]["text"]
    assert "the disk is full" in found["failed jobs"]["text"]
    assert "p/9/x/model.onnx" in found["left objects"]["text"]
    assert found["root key"]["level"] == found["members"]["level"] == "warning"
    with contextlib.closing(sqlite3.connect(data / "spotter.sqlite")) as rows:
        rows.execute("INSERT INTO grdb_migrations VALUES ('9999-later')")
        rows.commit()
    assert "schema" in levels(doctor("--data-directory", data))
    (data / "spotter.sqlite").write_bytes(b"this is no database" * 1000)
    assert "database" in levels(doctor("--data-directory", data))
    found = doctor("--data-directory", tmp_path / "nothing")
    assert not levels(found) and found["data directory"]["level"] == "warning"
    assert not (tmp_path / "nothing").exists()


def test_the_doctor_looks_at_a_cluster(cluster, tmp_path):
    data = tmp_path / "data"
    name, url = cluster.database.create()
    stores = ["--data-directory", data, "--metadata", url, "--object-store", "s3",
              "--s3-endpoint", cluster.peer.endpoint]
    key = peer_key(cluster)
    # The bucket is missing, the database is new.
    found = doctor(*stores, "--state-bucket", "not-there-yet", **key)
    assert levels(found) == {"objects"} and "not-there-yet" in found["objects"]["text"]
    assert found["schema"]["level"] == "warning"
    assert cluster.database.sql("SELECT to_regclass('project') IS NULL", name) == "t"
    cluster.s3().create_bucket(Bucket="doctor-state")
    stores += ["--state-bucket", "doctor-state"]
    with serving(data, *stores[2:], "--no-worker", **key):
        found = doctor(*stores, **key)
        assert not levels(found), found
        assert found["clock of the S3"]["level"] == found["clock of the database"]["level"] == "ok"
        assert not cluster.s3().list_objects_v2(Bucket="doctor-state").get("Contents")
        # A job that nobody does.
        job = {"id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301", "kind": "train"}
        cluster.database.sql(
            "INSERT INTO job (id, kind, state, not_before, document) VALUES "
            f"('{job['id']}', 'train', 'queued', {time.time() - 7200}, '{{}}')", name)
        found = doctor(*stores, **key)
        assert levels(found) == {"kinds of jobs"} and "train" in found["kinds of jobs"]["text"]
        assert found["queue"]["level"] == "warning"
    wrong = doctor(*stores, **{**key, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "objects" in levels(wrong)
    away = doctor(*stores[:6], "--s3-endpoint", "http://127.0.0.1:1", "--state-bucket", "xyz", **key)
    assert "objects" in levels(away)
    cluster.database.sql(
        "INSERT INTO spotter_migration (name) VALUES ('9999-later')", name)
    assert "9999-later" in doctor(*stores, **key)["schema"]["text"]


def test_the_doctor_tells_a_database_that_refuses_or_is_away(tmp_path):
    database = Database()
    try:
        name, url = database.create()
        hba = database.directory / "data" / "pg_hba.conf"
        hba.write_text("local all locked scram-sha-256\n" + hba.read_text())
        database.sql("CREATE USER locked PASSWORD 'right'; SELECT pg_reload_conf()")
        locked = url.replace("spotter:", "locked:", 1)
        found = doctor("--data-directory", tmp_path / "data", "--metadata", locked)
        assert levels(found) == {"database"}
        assert "password authentication failed" in found["database"]["text"]
        assert not [x for x in map(str, found.values()) if "s3cr3t" in x]
        database.control("stop")
        found = doctor("--data-directory", tmp_path / "data", "--metadata", url)
        assert levels(found) == {"database"}
    finally:
        database.remove()


def test_the_deep_doctor_names_flipped_bits(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup", "--copy"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    checks = {"database pages", "bytes of objects", "bytes of models", "bytes of components"}
    found = doctor("--deep", "--data-directory", data)
    assert checks <= set(found) and not levels(found)
    flip(data / "buckets" / "letters" / "a" / "ä.txt")
    flip(next((data / "internal" / "models").rglob("manifest.json")))
    flip(next((data / "greengrass" / "artifacts").rglob("*.zip")))
    found = doctor("--deep", "--data-directory", data)
    assert levels(found) == checks - {"database pages"}
    assert "s3://letters/a/ä.txt" in found["bytes of objects"]["text"]
    assert "parts/1" in found["bytes of models"]["text"]
    assert edge.NAME in found["bytes of components"]["text"]
    assert not levels(doctor("--data-directory", data))
    with serving(data) as server:
        with pytest.raises(botocore.exceptions.ClientError, match="InternalError.*damaged"):
            server.client("s3", config=ONCE).get_object(Bucket="letters", Key="a/ä.txt")


def flip(path):
    """Changes a bit in the middle of a file, without its time."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
