"""Each change of a file fails, one at a time: a call is refused, and nothing acknowledged is lost."""

import pytest

from support.disk import (CREATE, LINK, MKDIR, NAMES, RENAME, SYNC, TRUNCATE, UNLINK, WRITE, PowerCuts,
                          Watched)
from support.server import Server
from support.story import Reader, Story, Truth

FAULTS = [(WRITE, "fails"), (WRITE, "is full"), (WRITE, "comes out short"), (SYNC, "fails"),
          (RENAME, "fails"), (UNLINK, "fails"), (CREATE, "fails"), (CREATE, "is full"),
          (MKDIR, "is full"), (LINK, "fails"), (TRUNCATE, "fails")]
FEW = [(WRITE, "is full"), (WRITE, "comes out short"), (SYNC, "fails"), (RENAME, "fails"),
       (CREATE, "fails")]

# A disk that says it has written what it has not is found out by checksums of objects, and by those
# of SQLite only in part.
DROPPED = {"objects": [(WRITE, "is dropped")]}


def objects(story, turn):
    story.put("kept", 3000)
    story.tag("kept", str(turn))
    story.configure(str(turn))
    story.put(f"deep/{turn}/x", 100)
    story.delete(f"deep/{turn}/x")
    story.multipart("joined", [70_000])


def rows(story, turn):
    story.project(f"project-{turn}")
    story.label("0.png", turn % 2)


def component(story, turn):
    story.package(f"1.0.{turn}")


@pytest.mark.parametrize("story", [objects, rows, component])
@pytest.mark.parametrize("step, faults", [
    (29, FEW), pytest.param(1, FAULTS, marks=pytest.mark.slow)], ids=["few", "all"])
def test_nothing_acknowledged_is_lost_by_a_fault(disk, story, step, faults, capsys):
    server = Watched(disk, disk.root / "data").start()
    told = Story(server, disk)
    told.known("label 0.png", 0)
    turn, tried, wrong = 0, 0, []
    for change, fault in faults + DROPPED.get(story.__name__, []):
        number, is_reached = 1, True
        while is_reached:
            turn += 1
            disk.arm(number, fault, change)
            story(told, turn)
            is_reached = not disk.disarm()
            tried += is_reached
            assert server.process.poll() is None, f"{NAMES[change]} {number} {fault}: it ended"
            wrong += [f"{NAMES[change]} {number} {fault}: {text}"
                      for text in Reader(server).wrong(told.truth)]
            # Only few writes are dropped without the file system noticing: all of them in any case.
            number += 1 if fault == "is dropped" else step
    # What was refused once works again, and all of it is there for the next process.
    refusals, told.refusals = told.refusals, 0
    story(told, turn + 1)
    assert told.refusals == 0
    assert server.stop() == 0
    server = Server(disk.root / "data").start()
    wrong += [f"in the end: {text}" for text in Reader(server).wrong(told.truth)]
    server.kill()
    with capsys.disabled():
        print(f"\n{story.__name__}: {tried} faults, {refusals} calls refused, {len(wrong)} wrong")
    assert refusals > 0
    assert not wrong, "\n".join(wrong[:40])


def test_a_disk_that_syncs_nothing_is_noticed(disk, tmp_path):
    """The power cuts of the other tests show something: without the syncs, objects are lost."""
    cuts = PowerCuts(disk.root)
    server = Watched(disk, disk.root / "data").start()
    Story(server, disk).put("kept", 3000)
    server.kill()
    truth = Truth()
    for record in disk.records():
        if record[0] not in NAMES:
            truth.follow(record[0], record[3])
        elif record[0] != SYNC:
            cuts.follow(*record)
    (tmp_path / "cut").mkdir()
    cuts.build("lost", tmp_path / "cut")
    server = Server(tmp_path / "cut" / "data").start()
    assert Reader(server).wrong(truth)
    server.kill()
