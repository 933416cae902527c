"""Each change of a file during `spotter backup` or `spotter restore` fails, one at a time: under the
name is all of it, or nothing, and a second try makes it."""

import shutil

import pytest

from support.commands import backup, done, restore
from support.disk import CREATE, LINK, MKDIR, NAMES, RENAME, SYNC, TRUNCATE, UNLINK, WRITE
from support.story import wrong_in

CHANGES = [CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, LINK, MKDIR]
FAULTS = {change: ["fails", "ends the program"] for change in CHANGES}
FAULTS[WRITE] += ["is full", "comes out short", "is dropped"]
FAULTS[CREATE] += ["is full"]
# Of files that get a second name.
LINKS = {LINK: ["fails", "ends the program"]}
FEW = {WRITE: ["is full", "comes out short"], **{
    change: ["fails", "ends the program"] for change in (CREATE, SYNC, RENAME)}}


COMMANDS = {"backup --copy": (29, FEW), "backup": (5, LINKS), "restore": (29, FEW)}


@pytest.mark.parametrize("command, step, faults", [
    *(pytest.param(command, *few, id=f"{command}-some") for command, few in COMMANDS.items()),
    *(pytest.param(command, 1, FAULTS, marks=pytest.mark.slow, id=f"{command}-all")
      for command in COMMANDS)])
def test_a_folder_is_whole_or_not_there_whatever_change_of_a_file_fails(
        command, disk, filled, step, faults, tmp_path, capsys):
    saved, target = tmp_path / "saved", disk.root / "made"
    done(backup(disk.root / "data", saved, "--copy"))

    def run(**variables):
        if command == "restore":
            return restore(saved, target, **variables)
        return backup(disk.root / "data", target, *command.split()[1:], **variables)

    def faults_of_what_is_there(moment):
        if command == "restore":
            return [f"{moment}: {text}" for text in wrong_in(target, filled)]
        shutil.rmtree(tmp_path / "again", ignore_errors=True)
        out = restore(target, tmp_path / "again")
        if out.returncode:
            return [f"{moment}: {out.stderr}"]
        return [f"{moment}: {text}" for text in wrong_in(tmp_path / "again", filled)]

    wrong, tried, ended, reached = [], 0, 0, set()
    for change, fault in ((x, y) for x in CHANGES for y in faults.get(x, [])):
        number, is_reached = 1, True
        while is_reached:
            moment = f"{NAMES[change]} {number} {fault}"
            disk.arm(number, fault, change)
            out = run(**disk.environment)
            is_reached = not disk.disarm()
            tried += is_reached
            reached |= {change} if is_reached else set()
            ended += out.returncode != 0
            if target.exists():
                wrong += faults_of_what_is_there(moment) if is_reached else []
            elif out.returncode == 0 or not is_reached:
                wrong.append(f"{moment}: nothing is there: {out.stderr}")
            shutil.rmtree(target, ignore_errors=True)
            number += step
    # What was left on the way is no hindrance, and the data directory is as it was.
    done(run())
    wrong += faults_of_what_is_there("in the end") + wrong_in(disk.root / "data", filled)
    with capsys.disabled():
        print(f"\n{command}: {tried} faults, {ended} ended it, {len(wrong)} wrong")
    assert ended > 0 and (LINK in reached) == (command == "backup")
    assert not wrong, "\n".join(wrong[:40])
