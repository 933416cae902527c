"""A PostgreSQL for the tests, from Debian's package, on a socket in a folder of its own."""

import os
import pathlib
import shutil
import subprocess
import tempfile

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
SECRET = "s3cr3t-of-the-database"


def unprivileged(*command):
    """PostgreSQL refuses to run as root."""
    prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return [*(prefix if os.geteuid() == 0 else []), *map(str, command)]


class Database:
    def __init__(self):
        # A socket's name has at most 107 bytes.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="spotter-postgresql-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self.directory, "nobody", "nogroup")
        # Whatever becomes of us, the server ends with this pipe.
        self.keeper = subprocess.Popen(
            unprivileged("sh", "-c", "trap '' INT HUP TERM; cat; "
                         f"{BINARIES}/pg_ctl -D {self.directory}/data -m immediate stop; "
                         f"rm -rf {self.directory}"),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        self.run("initdb", "-U", "spotter", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-sync")
        self.databases = 0
        self.control("start")

    def run(self, program, *arguments):
        with (self.directory / "setup.log").open("ab") as log:
            subprocess.run(unprivileged(BINARIES / program, "-D", self.directory / "data",
                                        *arguments),
                           check=True, stdout=log, stderr=log, cwd="/")

    def control(self, action):
        self.run("pg_ctl", "-w", "-l", self.directory / "log", "-o",
                 f"-c listen_addresses='' -c unix_socket_directories={self.directory} -c fsync=off",
                 action)

    def remove(self):
        self.keeper.communicate()

    def sql(self, text, database="postgres"):
        return subprocess.run(
            [BINARIES / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
             self.directory, "-U", "spotter", "-d", database, "-c", text],
            check=True, capture_output=True, text=True).stdout.strip()

    def create(self):
        self.databases += 1
        name = f"test{self.databases}"
        self.sql(f"CREATE DATABASE {name}")
        return name, f"postgres://spotter:{SECRET}@/{name}?host={self.directory}"
