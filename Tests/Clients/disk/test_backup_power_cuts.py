"""The power fails while a backup is made or restored: under its name is all of it, or nothing."""

import shutil

import pytest

from support.commands import backup, done, restore
from support.disk import NAMES, PowerCuts
from support.story import wrong_in


def cuts_during(disk, command, every):
    """Yields each power cut of a command, and at last one after it has ended."""
    cuts, before = PowerCuts(disk.root), disk.log.stat().st_size
    done(command(disk.environment))
    records = [x for x in disk.records(after=before) if x[0] in NAMES]
    step = every or max(1, len(records) // 8)
    for number, record in enumerate(records):
        cuts.follow(*record)
        if number % step == 0 or number == len(records) - 1:
            for kind in PowerCuts.KINDS:
                if not cuts.is_new(kind, number == len(records) - 1):
                    continue
                yield cuts, kind, f"{kind} after {number}", number == len(records) - 1


@pytest.mark.parametrize("every", [None, pytest.param(1, marks=pytest.mark.slow)])
def test_a_backup_is_whole_or_not_there_after_a_power_cut(disk, filled, every, tmp_path, capsys):
    wrong, tried = [], 0
    cut = tmp_path / "cut"
    for cuts, kind, moment, is_last in cuts_during(
            disk, lambda variables: backup(disk.root / "data", disk.root / "backup", "--copy",
                                           **variables), every):
        tried += 1
        shutil.rmtree(cut, ignore_errors=True)
        cut.mkdir()
        cuts.build(kind, cut)
        if not (cut / "backup").exists():
            wrong += [f"{moment}: the backup is not there"] * is_last
            continue
        made = restore(cut / "backup", cut / "again")
        wrong += ([f"{moment}: {text}" for text in wrong_in(cut / "again", filled)]
                  if made.returncode == 0 else [f"{moment}: {made.stderr}"])
    with capsys.disabled():
        print(f"\nbackup: {tried} power cuts, {len(wrong)} faults")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("every", [None, pytest.param(1, marks=pytest.mark.slow)])
def test_a_restore_is_whole_or_not_there_after_a_power_cut(disk, filled, every, tmp_path, capsys):
    done(backup(disk.root / "data", tmp_path / "backup", "--copy"))
    wrong, tried = [], 0
    cut = tmp_path / "cut"
    for cuts, kind, moment, is_last in cuts_during(
            disk, lambda variables: restore(tmp_path / "backup", disk.root / "again",
                                            **variables), every):
        tried += 1
        shutil.rmtree(cut, ignore_errors=True)
        cut.mkdir()
        cuts.build(kind, cut)
        if not (cut / "again").exists():
            wrong += [f"{moment}: nothing was restored"] * is_last
            continue
        wrong += [f"{moment}: {text}" for text in wrong_in(cut / "again", filled)]
    with capsys.disabled():
        print(f"\nrestore: {tried} power cuts, {len(wrong)} faults")
    assert not wrong, "\n".join(wrong[:20])
