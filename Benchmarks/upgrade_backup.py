#!/usr/bin/env python3
"""How long a start waits for the backup before an upgrade, beside `spotter backup` of the same folder.

    Benchmarks/upgrade_backup.py --debug

The data directory has pictures of 1 MB that came through S3, and small files that were put there by
hand. Its rows are taken back by one step for each of the two starts, of which one makes no backup.
"""

import argparse
import concurrent.futures
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
from support import server as processes  # noqa: E402

STEP = "0006-entries-in-their-order"


def fill(data, pictures, files):
    server = processes.Server(data).start()
    s3, picture = server.client("s3"), os.urandom(1 << 20)
    s3.create_bucket(Bucket="pictures")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: s3.put_object(
            Bucket="pictures", Key=f"{number % 100}/{number}", Body=picture), range(pictures)))
    server.stop()
    hand = data / "buckets" / "by-hand"
    hand.mkdir()
    for number in range(files):
        (hand / f"{number}.txt").write_bytes(b"x" * 2000)
    os.sync()


def age(data):
    rows = sqlite3.connect(data / "spotter.sqlite")
    rows.executescript(
        f"DROP INDEX dataset_entry_order; DELETE FROM grdb_migrations WHERE identifier = '{STEP}'")
    rows.close()


def seconds(*arguments):
    began = time.monotonic()
    subprocess.run([processes.SPOTTER, *map(str, arguments)], check=True, capture_output=True)
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--debug", action="store_true", help="measure the debug build")
    arguments = parser.parse_args()
    if not arguments.debug:
        processes.SPOTTER = ROOT / ".build" / "release" / "spotter"
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        fill(data, arguments.pictures, arguments.files)
        place = ("--data-directory", data)
        print(f"spotter backup: {seconds('backup', *place, '--to', data.parent / 'backup'):.1f} s")
        for what, option in (("no backup", ["--no-backup"]), ("its backup", [])):
            age(data)
            print(f"a start with {what}: {seconds('user', 'list', *place, *option):.1f} s")


if __name__ == "__main__":
    main()
