"""The tree that is checked, and what is wrong with it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys


class Checkout:
    """A tree with a packaging folder, and the problems found in it."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.problems = []

    def path(self, name):
        return self.root / "packaging" / name

    def files(self, pattern):
        return sorted(self.root.glob(f"packaging/{pattern}"))

    def problem(self, path, text):
        self.problems.append(f"{pathlib.Path(path).relative_to(self.root)}: {text}")

    def run(self, path, *command, silent=False):
        """A program that says with its status whether it is content, or, where a warning leaves
        that at 0, by saying nothing."""
        bin_folder = pathlib.Path(sys.executable).parent
        search = f"{bin_folder}:{os.environ['PATH']}:/usr/sbin:/sbin"
        program = shutil.which(command[0], path=search)
        if not program:
            raise SystemExit(f"{command[0]} is missing; run scripts/setup --deployment.")
        result = subprocess.run(
            [program, *map(str, command[1:])], capture_output=True, text=True, cwd=self.root)
        said = (result.stdout + result.stderr).strip()
        if result.returncode != 0 or silent and said:
            self.problem(path, f"{command[0]}: {said or f'status {result.returncode}'}")


def yaml_files(tree):
    for path in tree.files("**/*.yaml"):
        tree.run(path, "yamllint", "--strict", "-c", tree.path("yamllint.yaml"), path)


def shell_files(tree):
    for path in tree.files("**/*"):
        if path.is_file() and re.match(rb"#!.*sh\b", path.read_bytes().split(b"\n")[0]):
            tree.run(path, "shellcheck", path)
            if not os.access(path, os.X_OK):
                tree.problem(path, "is a script that nobody may run")
