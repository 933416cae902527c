"""The backup that is made before a newer program changes the schema of the rows, as an operator meets it."""

import json
import sqlite3

import pytest

from support.calls import wait_model
from support.commands import detect, done, migrate, refused, restore, serving, spotter
from support.pictures import host, make_dataset, train
from support.server import Server

NEWEST = "0006-entries-in-their-order"
BEFORE = "from-0005-detections-a-day"


def age(data):
    """Takes the newest step back."""
    database = sqlite3.connect(data / "spotter.sqlite")
    database.executescript(
        f"DROP INDEX dataset_entry_order; DELETE FROM grdb_migrations WHERE identifier = '{NEWEST}'")
    database.close()


def log(server):
    return (server.directory.parent / f"{server.directory.name}.log").read_text()


@pytest.fixture
def stopped(tmp_path):
    """The data directory of a server of the version before, with a project and an object."""
    with serving(tmp_path / "data") as server:
        server.client().create_project(ProjectName="kept")
        s3 = server.client("s3")
        s3.create_bucket(Bucket="letters")
        s3.put_object(Bucket="letters", Key="a", Body=b"by S3", Metadata={"from": "ann"})
    age(server.directory)
    return server.directory


def test_a_server_says_where_its_backup_is_and_goes_back_to_it(stopped, tmp_path):
    with serving(stopped) as server:
        made = stopped / "before-upgrade" / BEFORE
        [line] = [line for line in log(server).splitlines() if "backed up before the" in line]
        assert f"folder={made}" in line and NEWEST in line
        server.client().create_project(ProjectName="since")
        server.client("s3").delete_object(Bucket="letters", Key="a")
    # A second start makes none.
    inode = made.stat().st_ino
    done(spotter("user", "list", "--data-directory", stopped))
    assert made.stat().st_ino == inode
    done(restore(made, tmp_path / "again"))
    assert json.loads((made / "backup.json").read_text())["schema"][-1] == BEFORE[5:]
    with serving(tmp_path / "again") as server:
        projects = server.client().list_projects()["Projects"]
        assert [project["ProjectName"] for project in projects] == ["kept"]
        got = server.client("s3").get_object(Bucket="letters", Key="a")
        assert (got["Body"].read(), got["Metadata"]) == (b"by S3", {"from": "ann"})


@pytest.mark.parametrize("refusal", [
    ["--no-backup"], {"SPOTTER_NO_BACKUP": "1"}, {"SPOTTER_NO_BACKUP": "true"}], ids=str)
def test_who_refuses_it_gets_none(stopped, refusal):
    options, variables = (refusal, {}) if isinstance(refusal, list) else ([], refusal)
    done(spotter("user", "list", "--data-directory", stopped, *options, **variables))
    assert not (stopped / "before-upgrade").exists()


def test_the_variable_says_yes_or_no(stopped):
    command = ["user", "list", "--data-directory", stopped]
    refused(spotter(*command, SPOTTER_NO_BACKUP="never"), "SPOTTER_NO_BACKUP must be")
    done(spotter(*command, SPOTTER_NO_BACKUP="false"))
    assert [made.name for made in (stopped / "before-upgrade").iterdir()] == [BEFORE]


@pytest.mark.parametrize("by", ["option", "variable"])
def test_it_goes_elsewhere(stopped, tmp_path, by):
    folder = tmp_path / "elsewhere"
    options = ["--backup-directory", folder] if by == "option" else []
    variables = {} if options else {"SPOTTER_BACKUP_DIRECTORY": str(folder)}
    command = ["user", "list", "--data-directory", stopped, *options]
    refused(spotter(*command, **variables), "does not exist", "Nothing was changed", "--no-backup")
    folder.mkdir()
    done(spotter(*command, **variables))
    assert [made.name for made in folder.iterdir()] == [BEFORE]
    assert not list((stopped / "before-upgrade").iterdir())
    done(restore(folder / BEFORE, tmp_path / "again"))


def test_a_command_that_only_knows_the_database_makes_no_folder_where_it_stands(database, tmp_path):
    name, url = database.create()
    command = ["user", "list", "--metadata", url]
    done(spotter(*command, "--data-directory", tmp_path / "none"))
    newest = f"DELETE FROM spotter_migration WHERE name = '{NEWEST}'"
    database.sql(newest, name)
    refused(spotter(*command, "--data-directory", tmp_path / "none"),
            "There is no data directory", "--data-directory or", "Nothing was changed")
    assert not (tmp_path / "none").exists()
    (tmp_path / "saved").mkdir()
    done(spotter(*command, "--data-directory", tmp_path / "none",
                 "--backup-directory", tmp_path / "saved"))
    assert not (tmp_path / "none").exists()
    assert [made.name for made in (tmp_path / "saved").iterdir()] == [BEFORE]


def test_rows_of_postgresql_are_backed_up_and_come_back(database, tmp_path):
    """The models are in the data directory, whose only process changes the schema."""
    name, url = database.create()
    server = Server(tmp_path / "data", "--metadata", url).start()
    client = server.client()
    make_dataset(server, client, "parts", "parts-images")
    train(client, "parts", "parts-images")
    host(client, "parts")
    verdict = detect(client, "parts")
    assert server.stop() == 0
    database.sql(f"DELETE FROM spotter_migration WHERE name = '{NEWEST}'", name)
    server.start()
    made = tmp_path / "data" / "before-upgrade" / BEFORE
    assert f"folder={made}" in log(server)
    server.client().create_project(ProjectName="since")
    assert server.stop() == 0
    done(restore(made, tmp_path / "again"))
    empty, other = database.create()
    done(migrate(tmp_path / "again", "--metadata", other))
    server = Server(tmp_path / "again", "--metadata", other).start()
    try:
        client = server.client()
        projects = client.list_projects()["Projects"]
        assert [project["ProjectName"] for project in projects] == ["parts"]
        assert wait_model(client, "parts")["Status"] == "HOSTED"
        assert detect(client, "parts") == verdict
    finally:
        server.kill()


def test_a_member_of_a_cluster_backs_the_rows_up_once(cluster, tmp_path):
    first = cluster.server()
    first.client().create_project(ProjectName="kept")
    cluster.sql(f"DELETE FROM spotter_migration WHERE name = '{NEWEST}'")
    # The old one goes on.
    cluster.worker()
    cluster.server()
    first.client().create_project(ProjectName="since")
    [made] = cluster.folder.glob("*/before-upgrade/*")
    assert made.name == BEFORE
    done(restore(made, tmp_path / "again"))
    rows = sqlite3.connect(tmp_path / "again" / "spotter.sqlite")
    assert rows.execute("SELECT name FROM project").fetchall() == [("kept",)]
    # The root key of all is a row.
    assert rows.execute("SELECT count(*) FROM setting WHERE name = 'root-credentials'").fetchone()
    rows.close()
