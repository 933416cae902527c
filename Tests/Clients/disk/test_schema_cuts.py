"""A process is killed, or the power fails, while the rows of an earlier version are brought up to date."""

import shutil
import sqlite3

import pytest

from support.commands import done, restore, spotter
from support.disk import NAMES, Layer, PowerCuts
from support.server import ROOT

GOLDEN = ROOT / "Tests" / "StorageTests" / "Golden"
KINDS = ("killed", *PowerCuts.KINDS)
OBJECT = bytes(range(256)) * 20


def users(folder, **variables):
    """A command that opens the stores, as a server does first of all."""
    return spotter("user", "list", "--data-directory", folder, **variables)


def rows(path):
    """All tables with their rows, and what SQLite finds wrong."""
    database = sqlite3.connect(path)
    try:
        made = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        found = {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))
                 for kind, name, _ in made if kind == "table"}
        return made, found, database.execute("PRAGMA integrity_check").fetchall()
    finally:
        database.close()


@pytest.mark.parametrize("golden", ["0001", "0002", "0004"])
@pytest.mark.parametrize("every", [None, pytest.param(1, marks=pytest.mark.slow)])
def test_no_row_is_lost_by_a_kill_within_a_change_of_the_schema(golden, every, tmp_path, capsys):
    root = tmp_path / "disk"
    (root / "data").mkdir(parents=True, mode=0o700)
    (tmp_path / "layer").mkdir()
    shutil.copy(GOLDEN / f"{golden}.sqlite", root / "data" / "spotter.sqlite")
    (root / "data" / "buckets" / "kept").mkdir(parents=True)
    (root / "data" / "buckets" / "kept" / "k").write_bytes(OBJECT)
    before = rows(root / "data" / "spotter.sqlite")
    cuts, disk = PowerCuts(root), Layer(root, tmp_path / "layer")
    done(users(root / "data", **disk.environment))
    expected = rows(root / "data" / "spotter.sqlite")
    assert expected != before
    records = [x for x in disk.records() if x[0] in NAMES]
    step, cut = every or max(1, len(records) // 8), tmp_path / "cut"
    wrong, tried, same = [], 0, 0
    for number, record in enumerate(records):
        cuts.follow(*record)
        for kind in KINDS if number % step == 0 else ():
            if not cuts.is_new(kind):
                same += 1
                continue
            tried += 1
            shutil.rmtree(cut, ignore_errors=True)
            cut.mkdir()
            cuts.build(kind, cut)
            moment = f"{kind} after {number} of {len(records)}"
            # What has the name of a backup is one.
            for folder in (cut / "data" / "before-upgrade").glob("from-*"):
                if "." not in folder.name:
                    made = restore(folder, cut / "early")
                    wrong += [f"{moment}: {made.stderr}"] * (made.returncode != 0)
            again = users(cut / "data")
            if again.returncode != 0:
                wrong.append(f"{moment}: {again.stderr}")
                continue
            if rows(cut / "data" / "spotter.sqlite") != expected:
                wrong.append(f"{moment}: other rows")
            # One backup, of the rows before, whichever start made it.
            backups = list((cut / "data" / "before-upgrade").iterdir())
            if [folder.name[:9] for folder in backups] != [f"from-{golden}"]:
                wrong.append(f"{moment}: the backups are {backups}")
                continue
            made = restore(backups[0], cut / "again")
            if made.returncode != 0:
                wrong.append(f"{moment}: {made.stderr}")
            elif (rows(cut / "again" / "spotter.sqlite") != before
                  or (cut / "again" / "buckets" / "kept" / "k").read_bytes() != OBJECT):
                wrong.append(f"{moment}: the backup has other rows")
    with capsys.disabled():
        print(f"\nschema {golden}: {tried} kills and power cuts after {len(records)} changes, {same} "
              f"that left the same, {len(wrong)} faults")
    assert tried and not wrong, "\n".join(wrong[:20])
