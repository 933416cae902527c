"""Calls to a server, signed by hand or by an SDK, as the root key or as a user, and waiting for
what comes of them."""

import json
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from support.server import SPOTTER

SECONDS_MAX = 300
ACCOUNT = "000000000000"
MODEL = f"arn:aws:lookoutvision:us-east-1:{ACCOUNT}:model"
PROJECT = f"arn:aws:lookoutvision:us-east-1:{ACCOUNT}:project"


def wait(describe, while_in):
    """Calls until the status is none of `while_in`; returns the last answer."""
    deadline = time.time() + SECONDS_MAX
    while time.time() < deadline:
        answer = describe()
        if answer["Status"] not in while_in:
            return answer
        time.sleep(0.03)
    raise AssertionError(f"still {answer['Status']}: {answer.get('StatusMessage')}")


def wait_dataset(client, project, kind="train"):
    return wait(
        lambda: client.describe_dataset(
            ProjectName=project, DatasetType=kind)["DatasetDescription"],
        ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"])


def wait_model(client, project, version="1"):
    return wait(
        lambda: client.describe_model(
            ProjectName=project, ModelVersion=version)["ModelDescription"],
        ["TRAINING", "STARTING_HOSTING", "STOPPING_HOSTING"])


def wait_package(client, project, job):
    return wait(
        lambda: client.describe_model_packaging_job(
            ProjectName=project, JobName=job)["ModelPackagingDescription"],
        ["CREATED", "RUNNING"])


def until(condition, seconds=60):
    """Waits for `condition` and returns its value."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"it did not come to that in {seconds} s")


def error(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response


def raw(server, method, path, body=b"", headers=None, key=None, now=None, service="lookoutvision",
        region="us-east-1", tamper=None):
    """A request signed by botocore, changed by `tamper` after signing."""
    access, secret = key or server.credentials()
    request = botocore.awsrequest.AWSRequest(
        method=method, url=server.endpoint + path, data=body, headers=headers or {})
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(access, secret), service, region)
    if now:
        original = botocore.auth.get_current_datetime
        botocore.auth.get_current_datetime = lambda *a, **k: now
    try:
        signer.add_auth(request)
    finally:
        if now:
            botocore.auth.get_current_datetime = original
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url, data=body or None, method=method,
                                  headers=dict(prepared.headers))
    if tamper:
        tamper(sent)
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as failure:
        return failure.code, dict(failure.headers), json.loads(failure.read() or b"{}")


def kind(answer):
    return answer[0], {k.lower(): v for k, v in answer[1].items()}["x-amzn-errortype"]


def service(server, name, pair=None, **changes):
    access, secret = pair or server.credentials()
    return boto3.client(
        name, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=access,
        aws_secret_access_key=secret, **changes)


def failure(call, code, status, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    return answer


def allow(*actions, resource="*", effect="Allow", **condition):
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return statement


def user(server, *arguments, policy=None, path=None):
    """Runs `spotter user` and returns its result."""
    if policy is not None:
        path = server.directory.parent / "policy.json"
        path.write_text(json.dumps({"Version": "2012-10-17", "Statement": policy}))
    more = ["--policy", path] if path else []
    return subprocess.run(
        [SPOTTER, "user", *arguments, *more, "--data-directory", server.directory],
        capture_output=True, text=True, timeout=60)


def key(result):
    assert result.returncode == 0, result.stderr
    return [line.split(" = ")[1] for line in result.stdout.splitlines()]


def client_of(server, pair):
    return server.client(aws_access_key_id=pair[0], aws_secret_access_key=pair[1])


def denied(call, **arguments):
    answer = error(call, **arguments)
    assert answer["Error"]["Code"] == "AccessDeniedException", answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    return answer["Error"]["Message"]


def audit(server, kind="audit"):
    path = server.directory / "audit" / f"{kind}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def metrics(server):
    with urllib.request.urlopen(server.endpoint + "/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    values = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    return values


def judge(server, body, threshold=None, model="parts/models/1"):
    """One DetectAnomalies: the result, the score and the threshold in force."""
    headers = {"Content-Type": "image/png"}
    if threshold is not None:
        headers["x-spotter-threshold"] = str(threshold)
    status, headers, answer = raw(
        server, "POST", f"/2020-11-20/projects/{model}/detect", body, headers)
    assert status == 200, answer
    headers = {k.lower(): v for k, v in headers.items()}
    return (answer["DetectAnomalyResult"], float(headers["x-spotter-score"]),
            float(headers["x-spotter-threshold"]))
