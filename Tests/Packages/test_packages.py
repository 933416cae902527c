"""The Debian packages and the archive, in fresh roots of Debian 12 that only root can make.

SPOTTER_PACKAGES names the folder of 'make packages'. The roots have no systemd that runs: services are
started as their units say.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = pathlib.Path(os.environ.get("SPOTTER_PACKAGES", ROOT / ".build/packages"))
BASE = ROOT / ".deps/bookworm.tar"
MIRROR = "http://deb.debian.org/debian"
PORT = 19_444

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root for a root of its own")


def package(name):
    found, = PACKAGES.glob(f"{name}_*.deb")
    return found


class Machine:
    """A root of Debian in a folder."""

    def __init__(self, folder):
        self.root = folder
        folder.mkdir()
        subprocess.run(["tar", "-xf", BASE, "-C", folder], check=True)
        (folder / "etc/resolv.conf").unlink(missing_ok=True)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")

    def words(self, command):
        inside = f"mount -t proc proc /proc; cd /root; {command}"
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", self.root, "sh",
                "-euc", inside]

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive"}

    def run(self, command, check=True):
        out = subprocess.run(self.words(command), capture_output=True, text=True, timeout=900,
                             env=self.environment())
        assert not check or out.returncode == 0, f"{command}\n{out.stdout}\n{out.stderr}"
        return out

    def install(self, *files):
        for file in files:
            shutil.copy(file, self.root / "root")
        names = " ".join(f"./{file.name}" for file in files)
        return self.run(f"apt-get install -qq -y --no-install-recommends {names}").stdout

    def start(self, unit, *more):
        """What the unit starts, as its user."""
        text = (self.root / "lib/systemd/system" / unit).read_text().replace("\\\n", " ")
        words = re.search(r"^ExecStart=(.*)$", text, re.M).group(1)
        user = re.search(r"^User=(.*)$", text, re.M).group(1)
        command = re.sub(r"\$\w+", "", words) + "".join(f" {x}" for x in more)
        return subprocess.Popen(
            self.words(f"umask 077; exec setpriv --reuid={user} --regid={user} --init-groups "
                       f"{command}"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment(),
            start_new_session=True)

    def files(self):
        """Every path of the root but what packages other than ours keep."""
        skipped = ("proc", "sys", "dev", "tmp", "root", "run", "var/cache", "var/log", "var/lib/apt",
                   "var/lib/dpkg", "var/lib/systemd")
        found = subprocess.run(["find", ".", "-mindepth", "1", "-printf", "%P\\n"], cwd=self.root,
                               capture_output=True, text=True, check=True).stdout.split("\n")
        return {x for x in found if not x.startswith(skipped)}


@pytest.fixture(scope="session", autouse=True)
def base():
    if not BASE.exists():
        folder = BASE.parent / "bookworm.part"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder, MIRROR], check=True,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(folder / "var/cache/apt", ignore_errors=True)
        subprocess.run(["tar", "-cf", f"{BASE}.part", "-C", folder, "."], check=True)
        os.rename(f"{BASE}.part", BASE)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine") / "root")
    machine.before = machine.files()
    began = time.monotonic()
    machine.said = machine.install(package("spotter"))
    machine.seconds = time.monotonic() - began
    print(f"{machine.seconds:.1f} s for the installation")
    return machine


def lines_until(process, words):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError("".join(lines))


def end(process):
    # The whole group: one that has changed its user no longer dies with its parent.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("name", ["spotter", "spotter-edge"])
def test_lintian_finds_nothing(name):
    out = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning",
                          "--display-info", "--tag-display-limit", "0", package(name)],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout
    print(out.stdout)


@pytest.mark.parametrize("name", ["spotter", "spotter-edge"])
def test_a_package_belongs_to_root_and_has_what_people_look_for(name):
    listed = subprocess.run(["dpkg-deb", "--contents", package(name)], capture_output=True,
                            text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    for path in (f"usr/share/man/man1/{name}.1.gz", f"usr/share/doc/{name}/copyright",
                 f"usr/share/doc/{name}/changelog.gz", f"usr/share/doc/{name}/third-party-notices.gz",
                 f"usr/share/bash-completion/completions/{name}",
                 f"lib/systemd/system/{name}.service", f"usr/bin/{name}", "libonnxruntime.so"):
        assert path in listed, path
    assert "/work/" not in listed and "spotter-data" not in listed


def test_an_installation_says_where_the_console_is_and_keeps_data_to_its_user(machine):
    assert "spotter console link" in machine.said
    out = machine.run("stat -c '%U %G %a' /var/lib/spotter; id -un spotter; spotter --version")
    assert out.stdout.split("\n")[0] == "spotter spotter 700"
    # Where systemd runs it would have been started; here the link for the next start is there.
    assert (machine.root / "etc/systemd/system/multi-user.target.wants/spotter.service").is_symlink()


def test_an_installed_program_comes_to_a_verdict(machine):
    """The whole way of the demonstration: pictures, training, verdicts, a package."""
    began = time.monotonic()
    out = machine.run("spotter demo --output /root/demo")
    seconds = time.monotonic() - began
    assert (machine.root / "root/demo/overview.png").exists(), out.stdout
    # Sixty are wanted; a slow machine or mirror is no fault of the packages.
    print(f"{machine.seconds:.1f} s to install, and {seconds:.1f} s for the demonstration")


def test_the_sizes_are_those_of_the_document():
    rows = re.findall(r"^\| `(spotter.*?)VERSION.*?(\.deb|\.tar\.gz)` \| (\d+) \|",
                      (ROOT / "docs/deployment.md").read_text(), re.M)
    assert len(rows) == 3
    for name, end, megabytes in rows:
        found, = PACKAGES.glob(f"{name}[0-9]*{end}")
        assert found.stat().st_size / 1e6 == pytest.approx(int(megabytes), rel=0.1), found


def test_the_service_answers_and_root_gets_a_link_without_a_word_more(machine):
    # The machine's own 9444 may be taken: these roots share its network.
    address = f"http://127.0.0.1:{PORT}"
    process = machine.start("spotter.service", f"--port {PORT}")
    try:
        lines_until(process, f"Spotter is listening on {address}")
        link = machine.run("spotter console link").stdout.strip()
        assert link.startswith("http://127.0.0.1:9444/console")
        link = link.replace("http://127.0.0.1:9444", address)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert "Create project" in browser.open(link).read().decode()
        for name in ("assets/console.css", "assets/gallery.js"):
            browser.open(f"{address}/console/{name}").read()
        machine.run(f"spotter health --address {address}")
        machine.run("test \"$(stat -c %U /var/lib/spotter/spotter.sqlite-wal)\" = spotter")
    finally:
        end(process)


def test_the_installed_console_comes_through_tls(machine):
    machine.run("spotter tls self-signed --out /etc/spotter-tls --name localhost "
                "&& chown spotter /etc/spotter-tls/server-key.pem")
    process = machine.start(
        "spotter.service", "--tls-certificate /etc/spotter-tls/server.pem",
        "--tls-key /etc/spotter-tls/server-key.pem", f"--port {PORT}")
    try:
        lines_until(process, f"Spotter is listening on https://127.0.0.1:{PORT}")
        address = f"https://localhost:{PORT}"
        link = machine.run(f"spotter console link --address {address}").stdout.strip()
        context = ssl.create_default_context(cafile=machine.root / "etc/spotter-tls/ca.pem")
        browser = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor())
        assert "Create project" in browser.open(link).read().decode()
        machine.run(f"spotter health --address https://127.0.0.1:{PORT}")
    finally:
        end(process)
        shutil.rmtree(machine.root / "etc/spotter-tls")


def later(deb, folder, version):
    """The same package as a later version."""
    subprocess.run(["dpkg-deb", "-R", deb, folder], check=True)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    target = folder.parent / f"{deb.name.split('_')[0]}_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", folder, target],
                   check=True, stdout=subprocess.DEVNULL)
    return target


def test_an_upgrade_keeps_data_settings_and_whether_it_starts(machine, tmp_path):
    # The link goes as 'systemctl disable' takes it where systemd runs.
    machine.run("mkdir -p /etc/spotter; echo SPOTTER_SERVER_OPTIONS= > /etc/spotter/spotter.env; "
                "rm /etc/systemd/system/multi-user.target.wants/spotter.service")
    before = machine.run("ls /var/lib/spotter; cat /var/lib/spotter/credentials").stdout
    machine.install(later(package("spotter"), tmp_path / "later", "0.1.0+1"))
    assert machine.run("dpkg-query -W -f '${Version}' spotter").stdout == "0.1.0+1"
    assert machine.run("ls /var/lib/spotter; cat /var/lib/spotter/credentials").stdout == before
    assert (machine.root / "etc/spotter/spotter.env").exists()
    wanted = machine.root / "etc/systemd/system/multi-user.target.wants/spotter.service"
    assert not wanted.is_symlink()


def test_a_removal_keeps_data_and_a_purge_leaves_nothing(machine):
    machine.run("apt-get remove -qq -y spotter")
    assert not (machine.root / "usr/bin/spotter").exists()
    assert machine.run("test -s /var/lib/spotter/spotter.sqlite").returncode == 0
    machine.install(package("spotter"))
    machine.run("apt-get purge -qq -y spotter; apt-get autoremove -qq -y --purge")
    left = {x for x in machine.files() - machine.before if "spotter" in x}
    assert left == set()
    assert machine.run("dpkg-query -W spotter", check=False).returncode != 0


def test_the_agent_is_installed_beside_the_server_and_purged(tmp_path):
    machine = Machine(tmp_path / "root")
    machine.before = machine.files()
    machine.install(package("spotter"), package("spotter-edge"))
    machine.run("spotter-edge --version; spotter-edge doctor", check=False)
    assert "spotter-edge" in machine.run("spotter-edge --help").stdout
    process = machine.start("spotter-edge.service", f"--metrics-port {PORT + 1}")
    try:
        lines_until(process, "listening")
    finally:
        end(process)
    machine.run("apt-get purge -qq -y spotter-edge")
    assert machine.run("spotter --version").returncode == 0
    machine.run("apt-get purge -qq -y spotter")
    assert {x for x in machine.files() - machine.before if "spotter" in x} == set()


def test_the_archive_runs_at_any_place_without_a_package(tmp_path):
    machine = Machine(tmp_path / "root")
    archive, = PACKAGES.glob("spotter-*-linux-*.tar.gz")
    place = machine.root / "srv/some place"
    place.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", place, "--strip-components=1"], check=True)
    program = shlex.quote("/srv/some place/bin/spotter")
    machine.run(f"{program} demo --output /root/demo")
    assert (machine.root / "root/demo/overview.png").exists()
    # Nothing of it leads out of its folder.
    links = [x for x in place.rglob("*") if x.is_symlink()]
    assert all(not os.readlink(x).startswith("/") for x in links)


def test_the_same_programs_make_the_same_bytes(tmp_path):
    subprocess.run(
        [ROOT / "scripts/make-packages", ".build-edge/release/spotter",
         ".build-edge/release/spotter-edge", ".build-manual/release/generate-manual",
         tmp_path / "again"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for made in sorted((tmp_path / "again").iterdir()):
        assert made.read_bytes() == (PACKAGES / made.name).read_bytes(), made.name
