"""Kubernetes' manifests: each against its schema, and the names that they have from each other."""

import re

import jsonschema
import kubernetes_validate
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject

# The oldest version that has all fields in use, and the newest of which there are schemas.
VERSIONS = ["1.29", "1.37"]
# What is not to lead anywhere.
SERVICES_WITHOUT_PODS = {"spotter-nothing"}


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def closed(schema):
    """A JSON schema that takes only the members that it names."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            closed(part)
    elif isinstance(schema, list):
        for part in schema:
            closed(part)
    return schema


def kubernetes(tree):
    scaled = jsonschema.Draft202012Validator(closed(ScaledObject.model_json_schema()))
    found = []
    for path in tree.files("kubernetes/**/*.yaml"):
        if path.name == "kustomization.yaml":
            kustomization(tree, path)
            continue
        for document in documents(path):
            found.append((path, document))
            if document["kind"] == "ScaledObject":
                for error in scaled.iter_errors(document):
                    tree.problem(path, f"{error.json_path}: {error.message}")
                continue
            for version in VERSIONS:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    at = ".".join(map(str, error.path))
                    tree.problem(path, f"Kubernetes {version}: {at}: {error.message}")
                except kubernetes_validate.InvalidSchemaError as error:
                    tree.problem(path, f"Kubernetes {version}: {error}")
    references(tree, found)


def kustomization(tree, path):
    document, = documents(path)
    listed = document["resources"]
    for name in listed:
        if not (path.parent / name).exists():
            tree.problem(path, f"{name} is not there")
    for other in path.parent.glob("*.yaml"):
        if other.name not in [*listed, path.name]:
            tree.problem(path, f"{other.name} is not among the resources")


def references(tree, found):
    """Names that one document has from another."""
    named = {(document["kind"], document["metadata"]["name"]): document for _, document in found}
    deployments = [document for _, document in found if document["kind"] == "Deployment"]
    pods = [deployment["spec"]["template"] for deployment in deployments]

    def selected(selector):
        return [pod for pod in pods if selector.items() <= pod["metadata"]["labels"].items()]

    def port_names(pod):
        return {port.get("name") for container in pod["spec"]["containers"]
                for port in container.get("ports", [])}

    for path, document in found:
        kind, name, spec = document["kind"], document["metadata"]["name"], document.get("spec", {})

        def wrong(text):
            tree.problem(path, f"{kind} {name}: {text}")

        if kind == "Secret":
            for key, value in document["stringData"].items():
                if value:
                    wrong(f"{key} has a value")
        if kind == "Service":
            chosen = selected(spec["selector"])
            if not chosen and name not in SERVICES_WITHOUT_PODS:
                wrong("selects no Pod")
            for port in spec["ports"]:
                if any(port["targetPort"] not in port_names(pod) for pod in chosen):
                    wrong(f"no container has the port {port['targetPort']}")
        if kind == "PodDisruptionBudget" and not selected(spec["selector"]["matchLabels"]):
            wrong("selects no Pod")
        if kind == "NetworkPolicy" and not selected(spec["podSelector"].get("matchLabels", {})):
            wrong("selects no Pod")
        if kind in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = spec["scaleTargetRef"]["name"]
            if ("Deployment", target) not in named:
                wrong(f"there is no Deployment {target}")
        if kind == "Ingress":
            for rule in spec["rules"]:
                for way in rule["http"]["paths"]:
                    service = way["backend"]["service"]
                    target = named.get(("Service", service["name"]), {"spec": {"ports": []}})
                    port = service["port"]["name"]
                    if port not in [offered["name"] for offered in target["spec"]["ports"]]:
                        wrong(f"no Service {service['name']} has the port {port}")
        if kind == "Deployment":
            deployment(named, spec, wrong)


def deployment(named, spec, wrong):
    pod = spec["template"]["spec"]
    if spec["selector"]["matchLabels"] != spec["template"]["metadata"]["labels"]:
        wrong("its selector does not have the labels of its Pods")
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for container in pod["containers"]:
        variables = set()
        for source in container.get("envFrom", []):
            for kind, key in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")]:
                if key in source:
                    document = named.get((kind, source[key]["name"]))
                    if document is None:
                        wrong(f"there is no {kind} {source[key]['name']}")
                    else:
                        variables |= set(document.get("data") or document.get("stringData"))
        for variable in re.findall(r"\$\((\w+)\)", " ".join(container["args"])):
            if variable not in variables:
                wrong(f"$({variable}) is in no ConfigMap or Secret")
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe not in container:
                wrong(f"has no {probe}")
            elif container[probe]["httpGet"]["port"] not in ports:
                wrong(f"its {probe} asks an unknown port")
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                wrong(f"there is no volume {mount['name']}")
