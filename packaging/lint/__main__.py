"""Checks the files of packaging/ as far as that goes without an engine that runs them.

    .deps/venv-deployment/bin/python packaging/lint [CHECKOUT [CHECK...]]

Prints a line for each problem and ends with 1 if there is one. Needs the virtual environment and
the Debian packages of 'scripts/setup --deployment'.
"""

import pathlib
import sys

from checkout import Checkout, shell_files, yaml_files
from containers import balancer, compose, dockerfile
from kubernetes import kubernetes
from systemd import systemd

CHECKS = [yaml_files, shell_files, dockerfile, compose, balancer, kubernetes, systemd]

tree = Checkout(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
for check in CHECKS:
    if check.__name__ in (sys.argv[2:] or [each.__name__ for each in CHECKS]):
        check(tree)
for problem in tree.problems:
    print(problem)
count = len(tree.problems)
print(f"{count} problem{'' if count == 1 else 's'} in {tree.root / 'packaging'}")
sys.exit(1 if count else 0)
