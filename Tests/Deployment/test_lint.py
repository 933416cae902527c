"""The lint of packaging/ finds what it is there to find. Run by 'make lint-deployment'."""

import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the lint reads; the rest is there as links."""
    for path in ROOT.iterdir():
        if path.name in ("packaging", ".dockerignore"):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, tmp_path / path.name)
        elif not path.name.startswith("."):
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def lint(checkout, *checks):
    return subprocess.run([sys.executable, ROOT / "packaging" / "lint", checkout, *checks],
                          capture_output=True, text=True)


def test_an_untouched_copy_has_no_problem(checkout):
    result = lint(checkout)
    assert result.returncode == 0, result.stdout + result.stderr


SERVER = "kubernetes/base/server.yaml"
WORKER = "kubernetes/base/worker.yaml"
COMPOSE = "compose/compose.yaml"
UNIT = "systemd/spotter.service"

BREAKS = [
    # check, file, what is replaced, by what, what the lint says
    ("yaml_files", COMPOSE, "name: spotter\n", "name: spotter\nname: spotter\n", "duplication"),
    ("yaml_files", WORKER, "spec:\n  replicas", "spec:\n   replicas", "indentation"),
    ("shell_files", "compose/make-buckets", '"$MINIO_ROOT_USER"', "$MINIO_ROOT_USER", "SC2086"),
    ("dockerfile", "docker/Dockerfile", "debian:12-slim", "debian", "DL3006"),
    ("dockerfile", "docker/Dockerfile", "WORKDIR /src", "WORKDIR src", "DL3000"),
    ("dockerfile", "docker/Dockerfile", "USER 10001:10001", "USER root", "USER must be"),
    ("dockerfile", "docker/Dockerfile", "ENV TMPDIR=/var/lib/spotter ", "ENV TMPDIR=/tmp ",
     "TMPDIR must name"),
    ("dockerfile", "docker/Dockerfile", " SQLITE_TMPDIR=/var/lib/spotter", "",
     "SQLITE_TMPDIR must name"),
    ("dockerfile", "docker/Dockerfile", "HEALTHCHECK", "# HEALTHCHECK", "no HEALTHCHECK"),
    ("dockerfile", "docker/Dockerfile", "COPY scripts/setup", "COPY docs", ".dockerignore keeps"),
    ("dockerfile", "../.dockerignore", "*\n", "", "lets in whatever"),
    ("dockerfile", "../.dockerignore", "!share", "!shares", "is not there"),
    ("compose", COMPOSE, "read_only: true", "readonly: true", "readonly"),
    ("compose", COMPOSE, "${POSTGRES_PASSWORD:?is not set, see .env.example}",
     "${POSTGRES_PASSWORD:-spotter}", "must have no default"),
    ("compose", COMPOSE, "${SPOTTER_WORKERS:-2}", "${SPOTTER_WORKER_COUNT:-2}",
     "is not in .env.example"),
    ("compose", "compose/.env.example", "POSTGRES_PASSWORD=", "POSTGRES_PASSWORD=secret",
     "has a value"),
    ("compose", COMPOSE, "    depends_on:\n      minio:", "    depends_on:\n      s3:",
     "depends on s3"),
    ("compose", COMPOSE, "./haproxy.cfg:", "./proxy.cfg:", "which is not there"),
    ("compose", COMPOSE, "postgres:/var", "database:/var", "which is not named"),
    ("compose", COMPOSE, "${SPOTTER_ADDRESS:-127.0.0.1}:", "", "to everybody"),
    ("compose", COMPOSE, "haproxy:3.2-alpine", "haproxy:latest", "without a version"),
    ("balancer", "compose/haproxy.cfg", "balance leastconn", "balance leastcon", "haproxy"),
    ("kubernetes", SERVER, "readOnlyRootFilesystem", "readonlyRootFilesystem",
     "readonlyRootFilesystem"),
    ("kubernetes", SERVER, "containerPort: 9444", 'containerPort: "9444"', "Kubernetes 1.29"),
    ("kubernetes", SERVER, "targetPort: http", "targetPort: web", "has the port web"),
    ("kubernetes", SERVER, "--region=$(SPOTTER_REGION)", "--region=$(REGION)", "$(REGION)"),
    ("kubernetes", WORKER, "name: data\n          emptyDir", "name: files\n          emptyDir",
     "no volume data"),
    ("kubernetes", WORKER, "port: status", "port: http", "asks an unknown port"),
    ("kubernetes", WORKER, "livenessProbe", "lifecycle", "has no livenessProbe"),
    ("kubernetes", "kubernetes/base/disruption-budgets.yaml", "component: worker",
     "component: workers", "selects no Pod"),
    ("kubernetes", "kubernetes/base/network-policies.yaml", "component: server",
     "component: servers", "selects no Pod"),
    ("kubernetes", "kubernetes/base/server-autoscaling.yaml", "    name: spotter-server",
     "    name: spotter", "no Deployment spotter"),
    ("kubernetes", "kubernetes/base/kustomization.yaml", "  - worker.yaml\n", "",
     "not among the resources"),
    ("kubernetes", "kubernetes/keda/worker-autoscaling.yaml", "minReplicaCount", "minReplicas",
     "minReplicas"),
    ("kubernetes", "kubernetes/keda/worker-autoscaling.yaml", "maxReplicaCount: 8",
     "maxReplicaCount: many", "many"),
    ("kubernetes", "kubernetes/examples/secret.yaml", 'PGPASSWORD: ""', "PGPASSWORD: spotter",
     "has a value"),
    ("kubernetes", "kubernetes/examples/ingress.yaml", "name: spotter\n                port",
     "name: spotter-web\n                port", "no Service spotter-web"),
    ("systemd", UNIT, "ProtectClock=yes", "ProtectClok=yes", "Unknown key"),
    ("systemd", UNIT, "Type=exec", "Type=program", "systemd-analyze"),
    ("systemd", UNIT, "ExecStart=/usr/local/bin/spotter", "ExecStart=spotter-nowhere",
     "not executable"),
    ("systemd", UNIT, "SystemCallErrorNumber=EPERM\n", "", "kills the process"),
    ("systemd", "systemd/spotter-worker@.service", "${SPOTTER_METADATA}", "${SPOTTER_DATABASE}",
     "SPOTTER_DATABASE is in no .env.example"),
    ("systemd", "systemd/spotter.sysusers.conf", "u     spotter", "u     spoter", "user 'spotter'"),
    ("systemd", "systemd/spotter.tmpfiles.conf", "0600", "0644", "to others"),
]


@pytest.mark.parametrize("check, file, old, new, said", BREAKS)
def test_the_lint_sees_what_was_broken(checkout, check, file, old, new, said):
    path = checkout / "packaging" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    result = lint(checkout, check)
    assert result.returncode == 1, result.stdout + result.stderr
    assert said in result.stdout


def test_a_unit_without_protection_is_seen(checkout):
    path = checkout / "packaging" / UNIT
    text = path.read_text()
    start, end = text.index("ProtectSystem="), text.index("SystemCallErrorNumber")
    path.write_text(text[:start] + text[end:])
    result = lint(checkout, "systemd")
    assert result.returncode == 1 and "exposure level" in result.stdout.lower()


def test_units_are_installed_for_the_prefix(tmp_path):
    subprocess.run(["make", "--silent", "install-systemd", f"DESTDIR={tmp_path}", "PREFIX=/usr"],
                   cwd=ROOT, check=True)
    units = list((tmp_path / "usr/lib/systemd/system").iterdir())
    assert {unit.name for unit in units} == {
        "spotter.service", "spotter-server@.service", "spotter-worker@.service"}
    for unit in units:
        assert "ExecStart=/usr/bin/spotter " in unit.read_text()
        assert "/usr/local" not in unit.read_text()
    assert (tmp_path / "usr/lib/sysusers.d/spotter.conf").exists()
    assert (tmp_path / "usr/lib/tmpfiles.d/spotter.conf").exists()
