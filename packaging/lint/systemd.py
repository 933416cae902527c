"""Units, users and folders of systemd."""

import os
import pathlib
import re
import shutil
import tempfile

# Tenths; systemd calls up to 4.0 OK, and a unit without any protection has 9.6.
EXPOSURE_MAX = 20


def users_and_folders(tree, root):
    """What the two files make of an empty machine. Only root may give folders away."""
    path = tree.path("systemd/spotter.sysusers.conf")
    if os.getuid() != 0:
        tree.run(path, "systemd-sysusers", f"--root={root}", "--dry-run")
        print("systemd-tmpfiles was not run: that takes root")
        return
    tree.run(path, "systemd-sysusers", f"--root={root}")
    path = tree.path("systemd/spotter.tmpfiles.conf")
    tree.run(path, "systemd-tmpfiles", f"--root={root}", "--create", silent=True)
    for file in (root / "etc/spotter").iterdir():
        if file.stat().st_mode & 0o777 != 0o600:
            tree.problem(path, f"leaves /etc/spotter/{file.name} to others")


def systemd(tree):
    units = tree.files("systemd/*.service")
    examples = "".join(path.read_text() for path in tree.files("systemd/*.env.example"))
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", examples, re.M))
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        shutil.copytree("/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
        (root / "etc/spotter").mkdir(parents=True)
        for example in tree.files("systemd/*.env.example"):
            shutil.copyfile(example, root / "etc/spotter" / example.name.removesuffix(".example"))
        for kind in ("sysusers", "tmpfiles"):
            folder = root / f"usr/lib/{kind}.d"
            folder.mkdir(parents=True)
            shutil.copy(tree.path(f"systemd/spotter.{kind}.conf"), folder / "spotter.conf")
        users_and_folders(tree, root)
        for path in units:
            text = re.sub(r"\\\n\s*", "", path.read_text())
            for program in re.findall(r"^Exec\w+=(/\S+)", text, re.M):
                target = root / program[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy("/bin/true", target)
            shutil.copy(path, root / "usr/lib/systemd/system")
            name = path.name.replace("@.", "@9444.")
            # An unknown setting is a warning only.
            tree.run(path, "systemd-analyze", "verify", "--man=no", f"--root={root}", name,
                     silent=True)
            tree.run(path, "systemd-analyze", "security", "--no-pager", "--offline=true",
                     f"--threshold={EXPOSURE_MAX}", path)
            if "SystemCallFilter=~" in text and "\nSystemCallErrorNumber=" not in text:
                tree.problem(
                    path, "without SystemCallErrorNumber= a call that Swift's threads make and can "
                    "do without kills the process")
            for line in re.findall(r"^ExecStart=(.*)", text, re.M):
                for variable in re.findall(r"\$\{?(\w+)", line):
                    if variable not in offered:
                        tree.problem(path, f"{variable} is in no .env.example")
