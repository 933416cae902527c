"""Each change of a file during `spotter migrate` fails, one at a time: the rows are where they were, or
all of them in the new database, and a second try brings them there."""

import shutil

import pytest

from support.commands import migrate, refused, spotter
from support.disk import CREATE, LINK, MKDIR, NAMES, RENAME, SYNC, TRUNCATE, UNLINK, WRITE
from support.story import wrong_in

CHANGES = [CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, LINK, MKDIR]
FAULTS = {change: ["fails", "ends the program"] for change in CHANGES}
FAULTS[WRITE] += ["is full", "comes out short", "is dropped"]
FAULTS[CREATE] += ["is full"]


@pytest.mark.parametrize("step, faults", [
    (29, {change: ["ends the program"] for change in (CREATE, WRITE, SYNC, RENAME)}),
    pytest.param(1, FAULTS, marks=pytest.mark.slow)], ids=["some", "all"])
def test_rows_are_in_one_place_whatever_change_of_a_file_fails(
        disk, filled, database, step, faults, capsys):
    wrong, tried, ended = [], 0, 0
    for change in CHANGES:
        for fault in faults.get(change, []):
            number = 1
            while True:
                moment = f"{NAMES[change]} {number} {fault}"
                data = disk.root / "moved"
                shutil.rmtree(data, ignore_errors=True)
                shutil.copytree(disk.root / "data", data)
                name, url = database.create()
                disk.arm(number, fault, change)
                out = migrate(data, "--metadata", url, **disk.environment)
                if disk.disarm():
                    assert out.returncode == 0, out.stderr
                    database.sql(f"DROP DATABASE {name}")
                    break
                tried += 1
                ended += out.returncode != 0
                if (data / "ROWS-MOVED.txt").exists():
                    refused(spotter("serve", "--data-directory", data, "--port", "0"), "were moved")
                else:
                    wrong += [f"{moment}, at home: {text}" for text in wrong_in(data, filled)]
                again = migrate(data, "--metadata", url)
                if again.returncode:
                    assert "were moved" in again.stderr, f"{moment}: {again.stderr}"
                wrong += [f"{moment}, moved: {text}"
                          for text in wrong_in(data, filled, "--metadata", url)]
                database.sql(f"DROP DATABASE {name}")
                number += step
    with capsys.disabled():
        print(f"\nmigrate: {tried} faults, {ended} ended it, {len(wrong)} wrong")
    assert ended > 0
    assert not wrong, "\n".join(wrong[:40])
