"""Dockerfile, compose file and load balancer."""

import fnmatch
import json
import re
from importlib import resources

import jsonschema
import yaml


def dockerfile(tree):
    path = tree.path("docker/Dockerfile")
    tree.run(path, "hadolint", "--no-color", path)
    text = re.sub(r"\\\n\s*", "", path.read_text())
    final = text[text.rindex("\nFROM "):]
    user = re.findall(r"^USER (\S+)", final, re.M)
    if not user or not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", user[-1]):
        tree.problem(path, "the last USER must be a number other than 0")
    volumes = re.findall(r"^VOLUME (\S+)", final, re.M)
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        place = re.search(rf"^ENV (?:.* )?{name}=(\S+)", final, re.M)
        if not place or place[1] not in volumes:
            tree.problem(path, f"{name} must name the volume: /tmp may not be writable")
    if "\nHEALTHCHECK " not in final:
        tree.problem(path, "the image has no HEALTHCHECK")
    ignored = (tree.root / ".dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in ignored if line.startswith("!")]
    if "*" not in ignored:
        tree.problem(tree.root / ".dockerignore", "lets in whatever it does not name")
    for name in let_in:
        if name != "Package.resolved" and not (tree.root / name).exists():
            tree.problem(tree.root / ".dockerignore", f"{name} is not there")
    for line in re.findall(r"^COPY (.*)", text, re.M):
        words = [word for word in line.split() if not word.startswith("--")]
        if "--from=" in line:
            continue
        for source in words[:-1]:
            is_let_in = any(
                source.startswith(name) or name.startswith(source) or fnmatch.fnmatch(name, source)
                for name in let_in)
            if source != "." and not is_let_in:
                tree.problem(path, f"COPY {source}, which .dockerignore keeps out")


def compose(tree):
    path = tree.path("compose/compose.yaml")
    text = path.read_text()
    document = yaml.safe_load(text)
    file = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    schema = json.loads(file.read_text())
    validator = jsonschema.validators.validator_for(schema)
    for error in validator(schema).iter_errors(document):
        message = jsonschema.exceptions.best_match([error]).message
        tree.problem(path, f"{error.json_path}: {message}")

    example = tree.path("compose/.env.example").read_text()
    offered = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)", example, re.M))
    for name, default in re.findall(r"\$\{(\w+)([^}]*)\}", text):
        if name not in offered:
            tree.problem(path, f"{name} is not in .env.example")
        if re.search("PASSWORD|SECRET", name):
            if not default.startswith(":?"):
                tree.problem(path, f"{name} must have no default: ${{{name}:?…}}")
            if offered.get(name):
                tree.problem(path, f"{name} has a value in .env.example")

    services = document.get("services", {})
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                tree.problem(path, f"{name} depends on {other}, which is not there")
            elif how["condition"] == "service_healthy" and not (
                    {"healthcheck", "build"} & services[other].keys()):
                tree.problem(path, f"{name} waits for the health of {other}, which tells of none")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (path.parent / source).exists():
                    tree.problem(path, f"{name} mounts {source}, which is not there")
            elif ":" in volume and source not in document.get("volumes", {}):
                tree.problem(path, f"{name} mounts the volume {source}, which is not named")
        for port in service.get("ports", []):
            if not re.match(r"(\$\{\w+:-)?127\.0\.0\.1", str(port)):
                tree.problem(path, f"{name} publishes {port} to everybody")
        image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service.get("image", ""))
        if not re.search(r":[^/]*\d", image):
            tree.problem(path, f"{name} has an image without a version: {image!r}")


def balancer(tree):
    path = tree.path("compose/haproxy.cfg")
    tree.run(path, "haproxy", "-c", "-q", "-f", path, silent=True)
