"""A disk that fails, lies and loses its power, between a program and its files.

`disk/disk.c` is loaded into the program. It appends each change below a folder to a log, in which the
tests note what was asked for and what was acknowledged. From the log `PowerCuts` builds the folder as
a power cut after any of the changes may leave it.
"""

import ctypes
import json
import mmap
import os
import pathlib
import struct
import subprocess

from support.server import ROOT, Server

SOURCE = ROOT / "Tests" / "Clients" / "disk" / "disk.c"
CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, LINK, MKDIR, RMDIR = range(1, 10)
NAMES = {WRITE: "write", SYNC: "fsync", RENAME: "rename", UNLINK: "unlink", LINK: "link",
         CREATE: "create", TRUNCATE: "truncate", MKDIR: "mkdir", RMDIR: "rmdir"}
ASKED, DONE = 100, 101
FAULTS = {"fails": 1, "is full": 2, "comes out short": 3, "is dropped": 4,
          "ends the program": 5}
RECORD = struct.Struct("<IIIIQQ")


def library(folder):
    """The layer, compiled into `folder` by the compiler that comes with Swift."""
    path = pathlib.Path(folder) / "disk.so"
    if not path.exists():
        subprocess.run(["clang", "-O1", "-Wall", "-shared", "-fPIC", "-o", path, SOURCE, "-ldl"],
                       check=True)
    return path


class Layer:
    """The layer over `root` with its log and its faults, for any number of programs in turn."""

    def __init__(self, root, folder):
        self.root = pathlib.Path(root).resolve()
        self.log = pathlib.Path(folder) / "changes.log"
        control = pathlib.Path(folder) / "control"
        control.write_bytes(bytes(32))
        self.file = control.open("r+b")
        self.numbers = (ctypes.c_int64 * 4).from_buffer(mmap.mmap(self.file.fileno(), 32))
        self.environment = {
            "LD_PRELOAD": str(library(folder)), "SPOTTER_DISK_ROOT": str(self.root),
            "SPOTTER_DISK_LOG": str(self.log), "SPOTTER_DISK_CONTROL": str(control)}
        self.log.touch()

    def arm(self, countdown, fault, change):
        """Lets the change number `countdown` of a kind, from now on, meet a fault."""
        self.numbers[0] = 0
        self.numbers[1], self.numbers[2] = FAULTS[fault], 1 << change
        self.numbers[0] = countdown

    def disarm(self):
        """Returns whether the fault did not come: there were fewer changes."""
        is_left = self.numbers[0] > 0
        self.numbers[0] = 0
        return is_left

    def note(self, kind, **what):
        text = json.dumps(what).encode()
        with self.log.open("ab", buffering=0) as log:
            log.write(RECORD.pack(kind, len(text), 0, 0, 0, 0) + text)

    def records(self, after=0):
        """Yields (change, inode, position, first, second) in the order of the changes.

        `after` is a size that the log had.
        """
        with self.log.open("rb") as log:
            log.seek(after)
            while head := log.read(RECORD.size):
                change, one, two, _, inode, at = RECORD.unpack(head)
                yield change, inode, at, log.read(one), log.read(two)


class Watched(Server):
    """A server behind a layer."""

    def __init__(self, layer, directory, *arguments):
        super().__init__(directory, *arguments, **layer.environment)


class _File:
    """Bytes as programs see them, and as they are on the disk for sure."""

    def __init__(self, content=b""):
        self.now = bytearray(content)
        self.synced = bytes(content)
        self.last = None
        self.made = {}

    def content(self, kind):
        """What a power cut of a kind leaves of it; the same object until it changes."""
        if kind not in self.made:
            self.made[kind] = (self.torn() if kind == "torn" else
                               bytes(self.now) if kind == "killed" else self.synced)
        return self.made[kind]

    def write(self, at, data):
        self.made.clear()
        self.last = (at, bytes(self.now[at:at + len(data)]), len(self.now), len(data))
        if len(self.now) < at:
            self.now.extend(bytes(at - len(self.now)))
        self.now[at:at + len(data)] = data

    def torn(self):
        """Without the second half of the last write, if that was not synced."""
        if self.last is None:
            return bytes(self.now)
        at, before, length, count = self.last
        half = count // 2
        content = bytearray(self.now)
        content[at + half:at + count] = before[half:]
        return bytes(content[:max(length, at + half)])

    def truncate(self, size):
        self.made.clear()
        self.now = self.now[:size] + bytearray(max(0, size - len(self.now)))
        self.last = None

    def sync(self):
        self.made.clear()
        self.synced, self.last = bytes(self.now), None


class PowerCuts:
    """Follows a log and writes down what a power cut leaves.

    Names and bytes last once their folder and their file were synced. What was not synced yet may be
    there or not, so there are three cuts at each point: `lost` has nothing of it, `names` has the
    names of now over synced bytes, `torn` has all but the second halves of last writes. `killed` is
    not a power cut: it has what the files of a killed process are.
    """

    KINDS = ("lost", "names", "torn")

    def __init__(self, root):
        self.root = str(pathlib.Path(root).resolve())
        self.files = {}
        self.now = {}
        self.pending = []
        self.tried = set()
        for folder, folders, names in os.walk(self.root):
            for name in folders:
                self.now[os.path.join(folder, name)] = None
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    file = _File(pathlib.Path(path).read_bytes())
                    self.files[os.lstat(path).st_ino] = file
                    self.now[path] = file
        self.synced = dict(self.now)

    def follow(self, change, inode, at, first, second):
        path, other = os.fsdecode(first), os.fsdecode(second) if change != WRITE else None
        if change in (CREATE, MKDIR):
            if change == CREATE:
                self.files[inode] = _File()
            self._name(("add", path, self.files[inode] if change == CREATE else None))
        elif change == WRITE:
            self._file(inode, path).write(at, second)
        elif change == TRUNCATE:
            self._file(inode, path).truncate(at)
        elif change == SYNC:
            if path == self.root or (path in self.now and self.now[path] is None):
                self._sync_folder(path)
            elif inode in self.files:
                self.files[inode].sync()
        elif change == RENAME:
            self._name(("move", path, other))
        elif change == LINK:
            self._name(("add", other, self._file(inode, path)))
        elif change in (UNLINK, RMDIR):
            self._name(("remove", path, None))

    def _file(self, inode, path):
        # One that was there before and is not called by its first name any more.
        return self.files.setdefault(inode, self.now.get(path) or _File())

    def _name(self, step):
        step = self._prepared(step)
        self._apply(self.now, step)
        self.pending.append(step)

    def _prepared(self, step):
        """A rename with all that it moves, so that it can be done without what came before it."""
        kind, path, other = step
        if kind != "move":
            return step
        moved = {p: f for p, f in self.now.items() if p == path or p.startswith(path + "/")}
        return (kind, path, (other, moved))

    @staticmethod
    def _apply(names, step):
        kind, path, value = step
        if kind == "add":
            names[path] = value
        elif kind == "remove":
            names.pop(path, None)
        else:
            other, moved = value
            known = {p: f for p, f in names.items() if p.startswith(path + "/")}
            for old in [path, *known]:
                names.pop(old, None)
            names[other] = moved[path]
            # What is in a folder moves with it as far as it lasts itself.
            for old, file in known.items():
                names[other + old[len(path):]] = file

    @staticmethod
    def _folders(step):
        kind, path, value = step
        return {os.path.dirname(path)} | ({os.path.dirname(value[0])} if kind == "move" else set())

    def _sync_folder(self, path):
        rest = []
        for step in self.pending:
            if path in self._folders(step):
                self._apply(self.synced, step)
            else:
                rest.append(step)
        self.pending = rest

    def left(self, kind):
        """Returns what a cut of `kind` leaves: bytes by path below the root, None for folders."""
        names, found = self.synced if kind == "lost" else self.now, {}
        for path in sorted(names):
            name, parent = os.path.relpath(path, self.root), os.path.dirname(path)
            if parent == self.root or os.path.dirname(name) in found:
                found[name] = names[path] and names[path].content(kind)
        return found

    def is_new(self, kind, about=None):
        """Whether no cut before left just this, with `about` being so. What left the same files
        need not be tried again."""
        # Bytes keep their hash, so that a large file is read once.
        state = hash((frozenset((n, c and hash(c)) for n, c in self.left(kind).items()), about))
        is_new = state not in self.tried
        self.tried.add(state)
        return is_new

    def build(self, kind, folder):
        """Writes the folder as a cut of `kind` leaves it."""
        for name, content in self.left(kind).items():
            target = pathlib.Path(folder, name)
            if content is None:
                target.mkdir(exist_ok=True)
            else:
                target.write_bytes(content)
        self._date(pathlib.Path(folder))

    @staticmethod
    def _date(folder):
        """Gives objects the times by which their records know them. A file is synced after it got
        its time, so its bytes do not last without it."""
        for record in folder.rglob(".spotter-metadata/*/*.json"):
            _, modified, size = record.stem.split("-")
            try:
                key = json.loads(record.read_bytes())["key"]
            except ValueError:
                continue
            for path in (record.parents[2] / key, record.parents[2] / key / ".spotter-object"):
                if path.is_file() and path.stat().st_size == int(size):
                    os.utime(path, ns=(int(modified), int(modified)))
