"""`spotter restore`: backups that are damaged, hostile or newer, and targets that are taken."""

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess

from support.commands import backup, done, refused, restore
from support.postgresql import unprivileged
from support.server import SPOTTER


def reseal(folder, change):
    """What somebody who wants to harm writes: a list that fits its checksum."""
    header = json.loads((folder / "backup.json").read_text())
    rows = [json.loads(x) for x in (folder / "files.jsonl").read_text().splitlines()]
    change(header, rows)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (folder / "files.jsonl").write_bytes(text)
    header["files"] = len(rows)
    header["listSHA256"] = hashlib.sha256(text).hexdigest()
    (folder / "backup.json").write_text(json.dumps(header))


def test_a_damaged_backup_is_refused_with_the_name_of_the_file(copied, tmp_path):
    target = tmp_path / "data"
    model = next((copied / "data" / "internal" / "models").rglob("model.onnx"))
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(restore(copied, target), str(model.relative_to(copied)))
    refused(restore(copied, target, "--leave-out-damaged-objects"), "model.onnx")
    model.unlink()
    refused(restore(copied, target), "model.onnx")
    model.symlink_to("/etc/hostname")
    refused(restore(copied, target), "model.onnx")
    model.unlink()
    model.write_bytes(whole)
    letter = copied / "data" / "buckets" / "letters" / "hand.txt"
    letter.write_bytes(b"by HAND")
    assert "--leave-out-damaged-objects" in refused(restore(copied, target), "letters/hand.txt")
    assert not target.exists() and not (tmp_path / "data.unfinished").exists()
    out = restore(copied, target, "--leave-out-damaged-objects")
    done(out)
    assert "letters/hand.txt was left out" in out.stderr
    assert not (target / "buckets" / "letters" / "hand.txt").exists()
    # The list is guarded by the header.
    listed = copied / "files.jsonl"
    listed.write_text(listed.read_text().replace('"size":', '"size": ', 1))
    refused(restore(copied, tmp_path / "other"), "files.jsonl")


def test_a_hostile_backup_writes_nowhere_else(copied, tmp_path):
    (copied / "outside").write_bytes(b"mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    original = [(copied / name).read_bytes() for name in ("backup.json", "files.jsonl")]
    for path in ("../outside", "buckets/../../outside", "/etc/spotter-test", "buckets//x",
                 "lock/x", "temporary/x", "buckets/./x", "", "buckets/x\0y"):
        reseal(copied, lambda header, rows: rows.append(
            {"path": path, "size": 4, "sha256": digest, "modified": 0, "mode": 420}))
        refused(restore(copied, tmp_path / "data"), "not a path of a data directory")
        for name, content in zip(("backup.json", "files.jsonl"), original):
            (copied / name).write_bytes(content)
    # A folder on the way that is a link is none.
    (copied / "data" / "buckets" / "evil").symlink_to(copied)
    reseal(copied, lambda header, rows: rows.append(
        {"path": "buckets/evil/outside", "size": 4, "sha256": digest, "modified": 0, "mode": 420}))
    refused(restore(copied, tmp_path / "data"), "buckets/evil/outside")
    for name, content in zip(("backup.json", "files.jsonl"), original):
        (copied / name).write_bytes(content)
    reseal(copied, lambda header, rows: header["buckets"].append("../../evil"))
    refused(restore(copied, tmp_path / "data"), "not a name of a bucket")
    assert not (tmp_path / "data").exists() and not (tmp_path / "evil").exists()


def test_newer_backups_and_targets_that_exist_are_refused(copied, kept, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    refused(restore(copied, tmp_path / "mine"), "exists already")
    refused(backup(kept.directory, tmp_path / "mine"), "exists already")
    assert [x.name for x in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    (tmp_path / "free").mkdir()
    done(restore(copied, tmp_path / "free"))

    def rows(change):
        database = copied / "data" / "spotter.sqlite"
        with contextlib.closing(sqlite3.connect(database)) as connection:
            change(connection)
            connection.commit()
        content = database.read_bytes()
        reseal(copied, lambda header, rows: [row.update(
            size=len(content), sha256=hashlib.sha256(content).hexdigest())
            for row in rows if row["path"] == "spotter.sqlite"])

    rows(lambda x: x.execute("INSERT INTO grdb_migrations VALUES ('9999-later')"))
    refused(restore(copied, tmp_path / "data"), "9999-later")
    rows(lambda x: x.execute("DELETE FROM grdb_migrations WHERE identifier = '9999-later'"))
    rows(lambda x: x.execute("PRAGMA foreign_keys = OFF").execute(
        "DELETE FROM project WHERE name = 'parts'"))
    refused(restore(copied, tmp_path / "data"), "damaged")
    reseal(copied, lambda header, rows: header.update(formatVersion=3))
    refused(restore(copied, tmp_path / "data"), "format 3")
    assert not (tmp_path / "data").exists()


def test_where_no_folder_can_be_made_is_said_before_anything_is_copied(copied, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    refused(restore(copied, tmp_path / "link"), "is a link")
    refused(restore(copied, tmp_path / "no" / "data"), f"{tmp_path / 'no'} does not exist")
    # A restore that came as far as the checksums would say this.
    (copied / "files.jsonl").write_text("")
    mounts = [line.split()[4] for line in open("/proc/self/mountinfo")]
    empty = [x for x in mounts if os.path.isdir(x) and not os.listdir(x)
             and os.access(os.path.dirname(x), os.W_OK)]
    for mount in empty[:1]:
        refused(restore(copied, mount), "is mounted", f"{mount}/data")
    command = [SPOTTER, "restore", "--from", str(copied), "--data-directory", "/usr/spotter-again"]
    out = subprocess.run(unprivileged(*command), capture_output=True, text=True, cwd="/")
    refused(out, "may not write in /usr", "sudo")
