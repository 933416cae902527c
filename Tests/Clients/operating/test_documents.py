"""The commands and snippets of the README and of docs/. Each block is run here, or its commands are
compared with what the programs take, or it is listed with the reason why neither can be done."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
import textwrap

import pytest

from support.pictures import copy_of, draw, line, make_package, png
from support.server import ROOT, SPOTTER

BLOCK = re.compile(r"^( *)```(sh|python|json|yaml)\n(.*?)^ *```", re.S | re.M)
# Commands of Spotter that have commands of their own.
GROUPS = {"console", "tls", "user", "model", "project", "edge-agent", "sdk-model"}

# What cannot run where the tests run, by document and the first words of the block.
CANNOT_RUN = {
    ("docs/accuracy.md", "make accuracy"): "takes an hour and needs the data sets",
    ("docs/audit.md", "\"additionalEventData\""): "a part of a line, which test_access reads",
    ("docs/audit.md", "spotter audit --since"): "needs a state bucket; test_cluster_servers has one",
    ("docs/backbones.md", "spotter serve"): "goes on until it is stopped; test_backbones does it",
    ("docs/deployment.md", "sudo apt-get"): "installs into the machine, by root and systemd",
    ("docs/deployment.md", "spotter serve --tls"): "goes on until it is stopped; test_tls does it",
    ("docs/deployment.md", "spotter tls"): "names no host of this machine; test_tls makes pairs",
    ("docs/deployment.md", "sudo -u"): "needs the system user; `user create` runs below",
    ("docs/deployment.md", "sudo install"): "needs systemd",
    ("docs/deployment.md", "cd packaging/compose"): "needs Docker; lint-deployment reads the files",
    ("docs/deployment.md", "docker build"): "needs Docker",
    ("docs/deployment.md", "# kustomization.yaml"): "needs Kubernetes; lint-deployment reads such files",
    ("docs/deployment.md", "kubectl"): "needs Kubernetes",
    ("docs/edge.md", "make edge-agent"): "builds a release; the agent's debug build runs in test_edge",
    ("docs/edge.md", "import time, grpc"): "needs an agent at a fixed path; test_edge makes these calls",
    ("docs/edge.md", "spotter edge-agent publish"): "needs the release; test_edge_deploy publishes",
    ("docs/edge.md", "# Classic"): "needs a device with Greengrass",
    ("docs/operating.md", "{\"level\""): "the form of a line, which test_process reads",
    ("docs/operating.md", "pg_dump"): "needs a database with that name; test_restore does it",
    ("docs/operating.md", "sudo systemctl stop spotter\nsudo mv /var/lib/spotter /var/lib/spotter-"):
        "needs systemd; `restore` runs below",
    ("docs/operating.md", "sudo systemctl stop spotter\nsudo mv /var/lib/spotter /var/lib/spotter."):
        "needs systemd; test_upgrade_backup goes back",
    ("docs/operating.md", "export PGPASSWORD"): "needs a database and an S3; test_migrate has both",
    ("docs/postgresql.md", "createuser"): "needs a database's superuser; test_postgresql has one",
    ("docs/scaling.md", "export PGPASSWORD"): "needs a database and an S3; test_cluster has both",
    ("docs/simulation.md", "make simulation"): "10,000 lives take hours; make test simulates 30",
    ("docs/storage.md", "export AWS_ACCESS"): "needs another S3; test_one_endpoint has one",
    ("docs/switching.md", "make release"): "installs into the machine; test_deployment installs aside",
    ("docs/testing.md", "swift build"): "is how these tests are run",
    ("README.md", "sudo apt"): "installs into the machine; make test-packages does it in a root",
    ("docs/deployment.md", "make packages"): "takes half an hour and root; make test-packages does it",
    ("README.md", "make demo"): "builds a release; test_main_job has the demonstration",
    ("README.md", "make edge-agent"): "builds a release; the debug build runs in test_edge",
    ("docs/accuracy.md", ".build/release/spotter evaluate"): "needs pictures of the reader's own",
    ("docs/accuracy.md", "spotter evaluate"): "needs the data sets",
    ("docs/accuracy.md", "Benchmarks/accuracy_conditions.py false"): "needs the data sets",
    ("docs/accuracy.md", "Benchmarks/accuracy_conditions.py labels"): "needs the data sets",
    ("docs/accuracy.md", "Benchmarks/accuracy_conditions.py light"): "needs the data sets",
    ("docs/accuracy.md", "Benchmarks/large_pictures.py"): "needs the data sets",
    ("docs/accuracy.md", "Benchmarks/drawn_surfaces.py"): "trains eighteen models",
    ("docs/accuracy.md", "Benchmarks/smaller_weights.py"): "needs the data sets",
    ("docs/accuracy.md", "make bench"): "builds a release and needs the data sets",
    ("docs/s3.md", "spotter user create alt"): "needs policies of the reader's own; s3/test_conformance "
                                               "makes such users",
}
# What is run below, in this order.
RUN = [
    ("README.md", "export AWS_ENDPOINT_URL"),
    ("README.md", ".build/release/spotter user create"),
    ("docs/switching.md", "cat > line-7.json"),
    ("docs/switching.md", "export AWS_ENDPOINT_URL"),
    ("docs/switching.md", "aws s3 sync"),
    ("docs/switching.md", "aws lookoutvision create-project"),
    ("docs/switching.md", "client = boto3"),
    ("docs/switching.md", "answer = client.detect"),
    ("docs/s3.md", "export AWS_ENDPOINT_URL"),
    ("docs/greengrass.md", "greengrass = boto3"),
    ("docs/images.md", "spotter project set"),
    ("docs/audit.md", "spotter audit --data-directory"),
    ("docs/operating.md", "spotter doctor"),
    ("docs/operating.md", "spotter backup"),
    ("docs/s3.md", "aws s3api put-bucket-cors"),
    ("docs/console.md", "spotter console link"),
]


def documents():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks():
    for path in documents():
        name = str(path.relative_to(ROOT))
        for match in BLOCK.finditer(path.read_text()):
            yield name, match[2], textwrap.dedent(match[3])


def block(document, beginning):
    found = [text for name, _, text in blocks()
             if name == document and text.strip().startswith(beginning)]
    assert len(found) == 1, (document, beginning, len(found))
    return found[0]


def test_every_block_is_run_or_says_why_it_cannot_be():
    listed = [*CANNOT_RUN, *RUN]
    for document, _, text in blocks():
        known = [x for x in listed if x[0] == document and text.strip().startswith(x[1])]
        assert known, f"{document}: nobody runs\n{text}"
    for document, beginning in listed:
        block(document, beginning)


def commands():
    """Every command of Spotter and every make target that a block names."""
    for document, language, text in blocks():
        if language != "sh":
            continue
        text = text.replace("\\\n", " ")
        text = re.sub(r'^stores="([^"]*)"', lambda m: "", text, flags=re.M)
        for line in text.splitlines():
            line = line.split(" #")[0].strip()
            line = re.sub(r"^(sudo (-u \S+ )?)?(\S*/)?(?=spotter |make )", "", line)
            if line.startswith(("spotter ", "make ")):
                yield document, line.split("|")[0].split("&&")[0].strip()


def helps(words, cache={}):
    key = tuple(words)
    if key not in cache:
        out = subprocess.run([SPOTTER, *words, "--help"], capture_output=True, text=True, timeout=60)
        assert out.returncode == 0, out.stderr
        cache[key] = out.stdout
    return cache[key]


def test_every_command_has_the_options_that_the_documents_name():
    found = list(commands())
    assert len(found) > 25
    targets = (ROOT / "Makefile").read_text()
    for document, line in found:
        words = shlex.split(line)
        if words[0] == "make":
            for target in words[1:]:
                assert "=" in target or re.search(rf"^{target}:", targets, re.M), (document, line)
            continue
        names = words[1:3] if words[1] in GROUPS else words[1:2]
        text = helps(names)
        for option in [x.split("=")[0] for x in words if x.startswith("--")]:
            assert option == "--help" or option in text, (document, line)


@pytest.fixture(scope="module")
def machine(example, tmp_path_factory):
    """A server with a hosted model of the project `parts`, and a folder in which a reader types."""
    folder = tmp_path_factory.mktemp("documents")
    server = copy_of(example, folder / "data")
    home = folder / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "spotter").symlink_to(SPOTTER)
    (home / "spotter-data").symlink_to(server.directory)
    for name in ("my-images", "images", "my-lookout-bucket"):
        (home / name).mkdir()
        for index in range(38):
            (home / name / f"{index}.png").write_bytes(png(draw(index, index >= 24)[0]))
    (home / "my-lookout-bucket" / "train.manifest").write_text("".join(
        json.dumps(line("my-lookout-bucket", f"{index}.png", index >= 24)) + "\n"
        for index in range(38)))
    (home / "my_lookout_for_vision_script.py").write_text(
        "import boto3\nprint(boto3.client('lookoutvision').list_projects()['Projects'])\n")
    yield server, home
    server.kill()


def type_in(machine, text, program=("bash", "-euo", "pipefail", "-c")):
    """Runs a block as a reader would, on this server and in this folder."""
    server, home = machine
    for before, after in [
            ("http://127.0.0.1:9444", server.endpoint), ("http://localhost:9444", server.endpoint),
            ("/srv/spotter", str(server.directory)), (".build/release/spotter", "spotter"),
            ("/var/lib/spotter-again", str(home / "again")), ("/var/lib/spotter", str(server.directory)),
            ("/backups/", f"{home}/backup-")]:
        text = text.replace(before, after)
    path = f"{home / 'bin'}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**server.client_environment(), "HOME": str(home), "PATH": path, "AWS_PAGER": ""}
    environment.pop("AWS_CONFIG_FILE")
    out = subprocess.run([*program, text], cwd=home, env=environment, capture_output=True, text=True,
                         timeout=120)
    assert out.returncode == 0, f"{text}\n{out.stdout}\n{out.stderr}"
    return out.stdout


def python(machine, text):
    return type_in(machine, "import boto3, json\n" + text, (sys.executable, "-c"))


def test_the_readme_moves_a_program_to_this_server(machine):
    out = type_in(machine, block(*RUN[0]))
    assert "'ProjectName': 'parts'" in out


def test_the_pages_on_switching_lead_from_a_key_to_a_model(machine):
    type_in(machine, "spotter user delete line-7 || true")
    assert "aws_access_key_id" in type_in(machine, block(*RUN[2])).lower()
    type_in(machine, block(*RUN[3]))
    # The first line fetches from Amazon; what it would leave is there.
    type_in(machine, block(*RUN[4]).split("\n", 1)[1])
    commands = block(*RUN[5]).replace("parts", "switched")
    wait = "\nuntil aws lookoutvision describe-dataset --project-name switched --dataset-type train" \
        " --query DatasetDescription.Status --output text | grep -q COMPLETE; do sleep 0.2; done\n"
    made, model = commands.split("aws lookoutvision create-model")
    out = type_in(machine, made + wait + "aws lookoutvision create-model" + model)
    assert '"StatusMessage"' in out
    python(machine, block(*RUN[7]).join([
        "client = boto3.client('lookoutvision'); image = open('my-images/30.png', 'rb').read()\n",
        "assert score >= 0\n"]))


def test_a_waiter_of_the_installed_model_waits(machine):
    type_in(machine, "spotter sdk-model install")
    python(machine, block(*RUN[6]))


def test_the_readme_has_commands_beside_the_api(machine):
    (machine[1] / "line-7.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    type_in(machine, "spotter user delete line-7 || true")
    type_in(machine, block(*RUN[1]))
    type_in(machine, block(*RUN[10]))


def test_s3_and_greengrass_answer_what_their_pages_ask(machine):
    assert "arn:aws:iam::" in type_in(machine, block(*RUN[8]))
    type_in(machine, block(*RUN[14]))
    _, job = make_package(machine[0], "parts", "com.example.Documents", "parts-images")
    out = python(machine, f"lookout, name = boto3.client('lookoutvision'), '{job['JobName']}'\n"
                 + block(*RUN[9]).replace('"line"', '"parts"') + "\nprint(uri)")
    assert out.startswith("s3://parts-images/")


def test_an_operator_diagnoses_backs_up_and_reads_the_audit_log(machine):
    command = block(*RUN[11]).split("|")[0]
    assert "CreateModel" in type_in(machine, command)
    type_in(machine, block(*RUN[12]))
    type_in(machine, block(*RUN[13]))
    assert (machine[1] / "again" / "spotter.sqlite").exists()


def test_a_link_to_the_console_signs_in_once(machine):
    (machine[1] / "none.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    type_in(machine, "spotter user create ann --policy none.json --data-directory ./spotter-data")
    link = type_in(machine, block(*RUN[15])).strip()
    assert link.startswith(machine[0].endpoint)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    for words in ("not authorized to perform: lookoutvision:ListProjects", "has been used"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            browser.open(link)
        assert caught.value.code == 403 and words in caught.value.read().decode()
