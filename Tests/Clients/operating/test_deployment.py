"""The files of packaging/ say what the program understands: its options, variables and metrics."""

import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
import yaml

from support.cluster import KEY, Cluster, patient, put_pictures
from support.pictures import source
from support.server import ROOT, SPOTTER

PACKAGING = ROOT / "packaging"
DOCKERFILE = re.sub(r"\\\n\s*", "", (PACKAGING / "docker/Dockerfile").read_text())
COMPOSE = yaml.safe_load((PACKAGING / "compose/compose.yaml").read_text())
HAPROXY = (PACKAGING / "compose/haproxy.cfg").read_text()
DEPLOYMENT = (ROOT / "docs/deployment.md").read_text()
# No process may make a folder there, so that a program which understood all options ends.
NOWHERE = "/dev/null/spotter"


def example(path):
    """What an example of an environment file sets, also what it only shows as a comment."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", path.read_text(), re.M))


def manifests():
    for path in sorted(PACKAGING.glob("kubernetes/**/*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path, document


def of_kind(kind):
    return [document for _, document in manifests() if document["kind"] == kind]


def in_the_image():
    words = {name: json.loads(re.findall(rf"^{name} (\[.*)$", DOCKERFILE, re.M)[-1])
             for name in ("ENTRYPOINT", "CMD")}
    return {"Dockerfile": words["ENTRYPOINT"] + words["CMD"]}


def in_compose():
    def filled(word):
        return re.sub(r"\$\{\w+:?[-?]([^}]*)\}", r"\1", word)

    return {f"compose {name}": ["spotter", *map(filled, service["command"])]
            for name, service in COMPOSE["services"].items() if "build" in service}


def in_units():
    for path in sorted(PACKAGING.glob("systemd/spotter*.service")):
        if path.name == "spotter-edge.service":
            continue
        text = re.sub(r"\\\n\s*", " ", path.read_text())
        file = re.search(r"^EnvironmentFile=-?/etc/spotter/(\S+)", text, re.M).group(1)
        values = example(PACKAGING / "systemd" / f"{file}.example")
        words = []
        for word in re.search(r"^ExecStart=(.*)$", text, re.M).group(1).split():
            if re.fullmatch(r"\$\w+", word):
                words += shlex.split(values[word[1:]])
            else:
                word = re.sub(r"\$\{(\w+)\}", lambda match: values[match.group(1)], word)
                words.append(word.replace("%i", "9444"))
        yield path.name, ["spotter", *words[1:]]


def in_manifests():
    values = of_kind("ConfigMap")[0]["data"]
    for deployment in of_kind("Deployment"):
        container, = deployment["spec"]["template"]["spec"]["containers"]
        words = [re.sub(r"\$\((\w+)\)", lambda match: values[match.group(1)], word)
                 for word in container["args"]]
        yield f"kubernetes {container['name']}", ["spotter", *words]


def in_the_page():
    for block in re.findall(r"^```sh\n(.*?)^```", DEPLOYMENT, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for index, pair in enumerate(zip(words, words[1:])):
                if pair[0] == "spotter" and pair[1] in COMMANDS:
                    yield words[index:]


COMMANDS = ["serve", "worker", "user", "project", "model", "edge-agent", "doctor", "backup"]
SERVICES = {**in_the_image(), **in_compose(), **dict(in_units()), **dict(in_manifests())}


def options(words):
    """The options of a command line, `--name=value` or `--name value`."""
    found, name = {}, None
    for word in words:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            found[name] = value
        elif name:
            found[name], name = word, None
    return found


def without_a_data_directory(words):
    words = [word.replace("--data-directory=", "--data-directory\0") for word in words]
    words = [part for word in words for part in word.split("\0")]
    words[words.index("--data-directory") + 1] = NOWHERE
    return words[1:]


def run(words):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("SPOTTER_", "AWS_", "PG"))}
    return subprocess.run([SPOTTER, *words], capture_output=True, text=True, env=environment,
                          timeout=60)


def test_all_kinds_of_files_start_the_program():
    assert len(SERVICES) == 1 + 2 + 3 + 2
    assert {words[1] for words in SERVICES.values()} == {"serve", "worker"}


@pytest.mark.parametrize("name", SERVICES)
def test_the_program_understands_the_command_line(name):
    words = without_a_data_directory(SERVICES[name])
    result = run(words)
    assert result.returncode == 1 and f"The data directory {NOWHERE} cannot be made" in \
        result.stderr, result.stderr
    assert run([*words, "--no-such-option"]).returncode == 64


def test_the_page_has_commands_that_are_there():
    commands = list(in_the_page())
    assert commands
    for words in commands:
        has_two_names = words[1] in ("user", "project", "model", "edge-agent")
        names = words[1:3] if has_two_names else words[1:2]
        result = run([*names, "--help"])
        assert f"USAGE: spotter {' '.join(names)}" in result.stdout
        for option in options(words):
            assert f"{option} " in result.stdout


@pytest.mark.parametrize("place", [
    ("compose server", "compose worker"), ("kubernetes server", "kubernetes worker"),
    ("spotter-server@.service", "spotter-worker@.service")])
def test_servers_and_workers_have_the_same_stores(place):
    server, worker = (options(SERVICES[name]) for name in place)
    for option in ("--metadata", "--object-store", "--s3-endpoint", "--state-bucket", "--region",
                   "--account-id"):
        assert server[option] == worker[option]
    assert "--no-worker" in server


def variables():
    yield from re.findall(r"^ENV (\w+)=", DOCKERFILE, re.M)
    for service in COMPOSE["services"].values():
        if "build" in service:
            yield from service["environment"]
    for path in [*PACKAGING.glob("systemd/*.example"), PACKAGING / "compose/.env.example"]:
        yield from example(path)
    for path in PACKAGING.glob("systemd/*.service"):
        yield from re.findall(r"^Environment=(\w+)=", path.read_text(), re.M)
    for document in of_kind("ConfigMap"):
        yield from document["data"]
    for document in of_kind("Secret"):
        yield from document["stringData"]


@pytest.mark.parametrize("name", sorted(set(variables())))
def test_the_page_tells_of_each_variable(name):
    assert f"`{name}" in DEPLOYMENT


def test_servers_have_room_for_the_models_that_they_keep():
    source = (ROOT / "Sources/Service/Limits.swift").read_text()
    gibibytes = int(re.search(r"hostedModelBytesMax = (\d+) << 30", source).group(1))
    text = {path.name: path.read_text() for path in PACKAGING.glob("systemd/*.service")}
    unit = re.compile(r"^MemoryMax=(\d+)G$", re.M)
    server, = [deployment["spec"]["template"]["spec"]["containers"][0]
               for deployment in of_kind("Deployment")
               if deployment["metadata"]["name"] == "spotter-server"]
    limits = [COMPOSE["services"]["server"]["deploy"]["resources"]["limits"]["memory"],
              server["resources"]["limits"]["memory"],
              unit.search(text["spotter-server@.service"]).group(1)]
    for limit in limits:
        assert int(re.match(r"\d+", limit).group(0)) >= gibibytes + 1
    # Beside them there is a training.
    assert int(unit.search(text["spotter.service"]).group(1)) >= gibibytes + 3


def test_the_image_is_of_this_version():
    version = run(["--version"]).stdout.strip()
    images = [service["image"] for service in COMPOSE["services"].values() if "build" in service]
    images += re.findall(r"--tag \S+", DEPLOYMENT + DOCKERFILE.replace("#", ""))
    images += [f"spotter:{image['newTag']}" for document in of_kind("Kustomization")
               for image in document.get("images", [])]
    assert len(images) >= 4
    for image in images:
        assert image.strip("}").endswith(f":{version}")


def needed(path):
    out = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", out))


def test_the_image_has_the_packages_of_all_libraries():
    """Swift's own are linked into the image's program, but not what those need."""
    out = subprocess.run(["ldd", SPOTTER], capture_output=True, text=True, check=True).stdout
    paths = dict(re.findall(r"(\S+) => (/\S+)", out))
    swift = pathlib.Path(paths["libswiftCore.so"]).parent
    names, queue = set(), [SPOTTER, ROOT / ".deps/lib/spotter/libonnxruntime.so"]
    while queue:
        for name in needed(queue.pop()) - names:
            names.add(name)
            path = pathlib.Path(paths.get(name, "/"))
            if path.parent == swift:
                queue.append(path)
    installed = re.findall(r"^RUN apt-get update.*?install --yes \S+ (.*?) &&", DOCKERFILE, re.M)
    packages = set(installed[-1].split())
    assert "ca-certificates" in packages and len(packages) > 5
    for name in sorted(names):
        path = pathlib.Path(paths.get(name, "/"))
        # The C library and the compiler's are in every Debian.
        if path.parent == swift or re.match(r"ld-linux|lib(c|m|dl|rt|pthread|gcc_s)\.", name):
            continue
        # With its folder: a cross compiler has libraries of the same names.
        file = "/".join(path.resolve().parts[-2:])
        owner = subprocess.run(["dpkg-query", "-S", f"*/{file}"], check=True,
                               capture_output=True, text=True).stdout.split(":")[0]
        assert owner in packages, name


@pytest.fixture
def answering():
    """Something that listens, and answers each connection with the same bytes."""
    sockets = []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in sockets:
        listener.close()


def health(*arguments):
    return subprocess.run([PACKAGING / "docker/health", *map(str, arguments)],
                          capture_output=True, timeout=30).returncode


def test_the_health_check_tells_a_live_server_from_others(server, answering):
    port = int(server.endpoint.rsplit(":", 1)[1])
    assert health(port) == 0
    server.kill()
    assert health(port) != 0
    assert health(answering(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")) != 0
    assert health(answering(b"")) != 0


@pytest.fixture(scope="module")
def cluster(database, tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("deployment"), database)
    for _ in range(2):
        cluster.server("--metrics", "everyone")
    yield cluster
    cluster.remove()


class Balancer:
    """HAProxy with the configuration of packaging, for servers whose addresses are known."""

    def __init__(self, folder, servers):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        text, bound = re.subn(r"(?m)^(\s+bind) :9444$", rf"\1 127.0.0.1:{port}", HAPROXY)
        line = re.search(r"(?m)^\s+server-template server \d+ server:9444 (.*)$", text)
        rest = line.group(1).replace("resolvers engine init-addr none", "")
        rows = [f"    server s{index} {server.endpoint.removeprefix('http://')} {rest}"
                for index, server in enumerate(servers)]
        text = text.replace(line.group(0), "\n".join(rows))
        assert bound == 1 and text.count("check inter") == len(servers)
        (folder / "haproxy.cfg").write_text(text)
        program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
        self.log = folder / "haproxy.log"
        self.process = subprocess.Popen([program, "-db", "-f", folder / "haproxy.cfg"],
                                        stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        self.endpoint = f"http://127.0.0.1:{port}"

    def get(self, path):
        """A path as it stands, which urllib leaves alone."""
        try:
            with urllib.request.urlopen(self.endpoint + path, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def wait(self):
        deadline = time.time() + 30
        while time.time() < deadline:
            try:
                if self.get("/health") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())


def test_servers_and_workers_answer_what_they_are_asked_for_their_health(cluster):
    paths = {"server": set(re.findall(r"http-check send meth GET uri (\S+)", HAPROXY))}
    for deployment in of_kind("Deployment"):
        container, = deployment["spec"]["template"]["spec"]["containers"]
        paths.setdefault(container["name"], set()).update(
            container[probe]["httpGet"]["path"]
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"))
    assert paths == {"server": {"/health", "/health/ready"}, "worker": {"/health", "/health/ready"}}
    worker = cluster.worker("--metrics", "everyone")
    try:
        # A worker names the page that tells of its health.
        ends = {"server": cluster.members[0].endpoint,
                "worker": worker.endpoint.removesuffix("/health")}
        for name, endpoint in ends.items():
            for path in [*paths[name], "/metrics"]:
                with urllib.request.urlopen(endpoint + path) as answer:
                    assert answer.status == 200
            assert health(endpoint.rsplit(":", 1)[1]) == 0
    finally:
        assert worker.stop() == 0


@pytest.fixture
def balancer(cluster, tmp_path):
    balancer = Balancer(tmp_path, cluster.members[:2])
    balancer.wait()
    yield balancer
    balancer.process.kill()
    balancer.process.wait()


def test_keda_asks_for_a_metric_that_is_there(cluster):
    """A job that no worker does shows its labels."""
    client = cluster.members[0].client()
    put_pictures(cluster.s3(), "queued", 1, 1, (256, 256))
    client.create_project(ProjectName="queued")
    client.create_dataset(ProjectName="queued", DatasetType="train",
                          DatasetSource=source("queued", "train.manifest"))
    scaled, = of_kind("ScaledObject")
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    metric, matchers = re.search(r"(spotter_\w+)\{([^}]*)\}", query).groups()
    for member in cluster.members[:2]:
        page = urllib.request.urlopen(f"{member.endpoint}/metrics").read().decode()
        assert f"# TYPE {metric} gauge" in page
        samples = [dict(re.findall(r'(\w+)="([^"]*)"', row)) for row in page.splitlines()
                   if row.startswith(f"{metric}{{")]
        for label, pattern in re.findall(r'(\w+)=~"([^"]*)"', matchers):
            assert samples and all(re.fullmatch(pattern, sample[label]) for sample in samples)


def test_a_cluster_answers_behind_the_balancer(cluster, balancer):
    client = patient(cluster.members[0], endpoint_url=balancer.endpoint)
    client.create_project(ProjectName="balanced")
    for _ in range(10):
        assert client.describe_project(ProjectName="balanced")
    s3 = patient(cluster.members[0], service="s3", endpoint_url=balancer.endpoint)
    s3.create_bucket(Bucket="balanced")
    for key in ("a b/ü+%2F.png", "plain", "metrics"):
        s3.put_object(Bucket="balanced", Key=key, Body=b"x" * 100_000)
        assert len(s3.get_object(Bucket="balanced", Key=key)["Body"].read()) == 100_000
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "balanced", "Key": "plain"})
    assert urllib.request.urlopen(url).read() == b"x" * 100_000
    log = balancer.log.read_text()
    assert "servers/s0" in log and "servers/s1" in log
    assert "X-Amz-Signature" not in log and "GET /balanced/plain" in log


def test_the_balancer_keeps_metrics_from_outside(cluster, balancer):
    with urllib.request.urlopen(f"{cluster.members[0].endpoint}/metrics") as answer:
        assert answer.status == 200
    for path in ("/metrics", "/metrics?", "/%6detrics", "/metrics?a=b", "/%6D%65trics"):
        assert balancer.get(path) == 403
    assert balancer.get("/health") == 200


def test_clients_of_the_balancer_do_not_notice_that_a_server_dies(cluster, balancer):
    victim = cluster.server()
    other = cluster.members[0]
    folder = balancer.log.parent / "second"
    folder.mkdir()
    second = Balancer(folder, [victim, other])
    try:
        second.wait()
        client = patient(other, endpoint_url=second.endpoint)
        victim.kill()
        for _ in range(20):
            client.list_projects()
        assert KEY["SPOTTER_ACCESS_KEY_ID"] not in second.log.read_text()
    finally:
        second.process.kill()
        second.process.wait()
