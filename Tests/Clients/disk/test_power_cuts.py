"""The power fails after each change of a file: what was acknowledged is there, with its bytes."""

import itertools
import os
import shutil

import pytest

from support.disk import ASKED, DONE, NAMES, PowerCuts, Watched
from support.server import Server
from support.story import Reader, Story, Truth


def objects(story):
    story.put("kept", 3000)
    story.put("kept", 5000)
    story.tag("kept", "1")
    story.tag("kept", "2")
    story.configure("1")
    story.configure("2")
    story.put("folder/deep/x", 10)
    story.delete("folder/deep/x")
    story.multipart("joined", [5 << 20, 77])


def rows(story):
    story.project("new-project")
    story.known("label 0.png", 0)
    story.label("0.png", 1)
    story.label("0.png", 0)


def component(story):
    story.package("1.0.0")


@pytest.mark.parametrize("story", [objects, rows, component])
@pytest.mark.parametrize("every", [None, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost_by_a_power_cut(disk, story, every, tmp_path, capsys):
    """The short form has a cut of one kind, in turn, after each answer and a few changes."""
    cuts = PowerCuts(disk.root)
    server = Watched(disk, disk.root / "data").start()
    told = Story(server, disk)
    story(told)
    server.kill()
    assert told.refusals == 0
    records = list(disk.records())
    changes = sum(record[0] in NAMES for record in records)
    step = every or max(1, changes // 6)
    turns = itertools.cycle([[kind] for kind in PowerCuts.KINDS] if every is None else
                            [PowerCuts.KINDS])
    truth, tried, same, wrong = Truth(), 0, 0, []
    for number, record in enumerate(records):
        if record[0] in (ASKED, DONE):
            truth.follow(record[0], record[3])
            # The cut that hurts most comes right after the answer.
            if record[0] == ASKED:
                continue
        else:
            cuts.follow(*record)
            if number % step:
                continue
        for kind in next(turns):
            if not cuts.is_new(kind, repr(truth.values)):
                same += 1
                continue
            tried += 1
            what = NAMES.get(record[0], "answer")
            wrong += [f"{kind}, after change {number} of {len(records)} ({what} "
                      f"{os.fsdecode(record[3])}): {text}"
                      for text in after(cuts, kind, tmp_path / "cut", truth)]
    with capsys.disabled():
        print(f"\n{story.__name__}: {changes} changes, {tried} power cuts and {same} that left the "
              f"same, {len(wrong)} faults")
    assert not wrong, "\n".join(wrong[:40])


def after(cuts, kind, folder, truth):
    """Sentences about what a server does not have after the cut."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    cuts.build(kind, folder)
    server = Server(folder / "data")
    try:
        server.start()
    except AssertionError as error:
        log = (folder / "data.log").read_text()[-400:]
        return [f"{error}: {log}"]
    try:
        return Reader(server).wrong(truth)
    finally:
        server.kill()
