"""`spotter backup`: what it copies, what it refuses, and what is left when it is killed."""

import json
import os
import subprocess

import pytest

from support import edge
from support.calls import wait_model
from support.commands import backup, bytes_in, done, kill_when, refused, restore, serving
from support.pictures import make_dataset
from support.server import SPOTTER


def test_what_people_put_into_buckets_by_hand_is_copied_and_safe(kept, tmp_path):
    elsewhere = tmp_path / "pictures"
    elsewhere.mkdir()
    (elsewhere / "1.png").write_bytes(b"elsewhere")
    buckets = kept.directory / "buckets"
    (buckets / "linked").symlink_to(elsewhere)
    letters = buckets / "letters"
    (letters / "same.txt").symlink_to("hand.txt")
    (letters / "out.txt").symlink_to("/etc/hostname")
    try:
        done(backup(kept.directory, tmp_path / "backup"))
    finally:
        for link in (buckets / "linked", letters / "same.txt", letters / "out.txt"):
            link.unlink()
    saved = tmp_path / "backup" / "data" / "buckets"
    assert (saved / "linked" / "1.png").read_bytes() == b"elsewhere"
    assert (saved / "letters" / "same.txt").read_bytes() == b"by hand"
    assert not (saved / "letters" / "same.txt").is_symlink()
    assert not (saved / "letters" / "out.txt").exists()
    # What only Spotter writes has one more name; what others may change is a copy.
    assert (saved / "letters" / "a" / "ä.txt").stat().st_nlink > 1
    assert (saved / "letters" / "hand.txt").stat().st_nlink == 1
    assert (tmp_path / "backup" / "data" / "credentials").stat().st_nlink == 1
    (letters / "hand.txt").write_bytes(b"changed")
    kept.client("s3").put_object(Bucket="letters", Key="a/ä.txt", Body=b"replaced")
    done(restore(tmp_path / "backup", tmp_path / "data"))
    restored = tmp_path / "data" / "buckets" / "letters"
    assert (restored / "hand.txt").read_bytes() == b"by hand"
    assert (restored / "a" / "ä.txt").read_bytes() == b"by S3"
    (letters / "hand.txt").write_bytes(b"by hand")
    kept.client("s3").put_object(Bucket="letters", Key="a/ä.txt", Body=b"by S3",
                                 ContentType="text/x-letter", Metadata={"from": "ann"})


def test_a_restored_server_goes_on_with_jobs_that_were_running(tmp_path):
    with serving(tmp_path / "data") as server:
        client = server.client()
        make_dataset(server, client, "p", "images")
        client.create_model(ProjectName="p", OutputConfig={"S3Location": {"Bucket": "images"}})
        done(backup(server.directory, tmp_path / "backup"))
        key = server.credentials()
    done(restore(tmp_path / "backup", tmp_path / "again"))
    with serving(tmp_path / "again") as server:
        assert server.credentials() == key
        assert wait_model(server.client(), "p")["Status"] == "TRAINED"


@pytest.mark.parametrize("files, shares", [
    (15, [0.3]), pytest.param(60, [0.1, 0.3, 0.6, 0.9], marks=pytest.mark.slow)])
def test_a_backup_that_is_killed_leaves_nothing_under_its_name(kept, tmp_path, files, shares):
    extra = kept.bucket("large")
    for number in range(files):
        (extra / str(number)).write_bytes(os.urandom(4 << 20))
    folder, part = tmp_path / "backup", tmp_path / "backup.unfinished"
    kills = 0
    for share in shares:
        process = subprocess.Popen(
            [SPOTTER, "backup", "--data-directory", kept.directory, "--to", folder, "--copy"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if kill_when(process, lambda: bytes_in(part) > share * (files << 22)):
            assert not folder.exists()
            kills += 1
        else:
            done(restore(folder, tmp_path / f"data{share}"))
            subprocess.run(["rm", "-r", folder], check=True)
    assert kills
    done(backup(kept.directory, folder))
    assert not part.exists()
    # The same with the other command.
    process = subprocess.Popen(
        [SPOTTER, "restore", "--from", folder, "--data-directory", tmp_path / "killed"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert kill_when(process, lambda: bytes_in(tmp_path / "killed.unfinished") > files << 20)
    assert not (tmp_path / "killed").exists()
    done(restore(folder, tmp_path / "killed"))
    subprocess.run(["rm", "-r", extra], check=True)


def test_a_backup_says_what_it_is_not_for(kept, tmp_path):
    url = "postgres://spotter:s3cr3t@localhost/db"
    text = refused(backup(kept.directory, tmp_path / "x", "--metadata", url), "pg_dump")
    assert "s3cr3t" not in text
    refused(backup(kept.directory, tmp_path / "x", "--object-store", "s3"), "its own means")
    refused(backup(tmp_path, tmp_path / "x"), "spotter.sqlite", "pg_dump")
    refused(backup(kept.directory, kept.directory / "x"), "in the data directory")
    refused(backup(kept.directory, tmp_path / "no" / "x"), "does not exist")
    refused(restore(tmp_path, tmp_path / "x"), "not a backup of Spotter")


def test_the_audit_log_comes_along_when_it_is_asked_for(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "with", "--with-audit-log"))
    done(backup(kept.directory, tmp_path / "without"))
    done(restore(tmp_path / "with", tmp_path / "data"))
    lines = (tmp_path / "data" / "audit" / "audit.jsonl").read_text().splitlines()
    assert any(json.loads(x)["eventName"] == "CreateProject" for x in lines)
    assert not (tmp_path / "without" / "data" / "audit").exists()


def test_a_component_that_has_lost_a_file_is_named(kept, tmp_path):
    done(backup(kept.directory, tmp_path / "backup"))
    data = tmp_path / "data"
    done(restore(tmp_path / "backup", data))
    artifact = next((data / "greengrass" / "artifacts").rglob("*.zip"))
    lost = f"{artifact.relative_to(data)} of the component {edge.NAME} 1.0.0"
    artifact.unlink()
    out = backup(data, tmp_path / "lacking")
    assert "1 components" in done(out)
    assert f"the data directory itself lacks {lost}" in out.stderr
    assert json.loads((tmp_path / "lacking" / "backup.json").read_text())["missing"] == [lost]
    out = restore(tmp_path / "lacking", tmp_path / "again")
    done(out)
    assert f"the backup never had {lost}" in out.stderr
    next((data / "greengrass" / "recipes").iterdir()).unlink()
    out = backup(data, tmp_path / "neither")
    assert "1 components" in done(out) and f"recipes/{edge.NAME}-1.0.0.json of" in out.stderr
