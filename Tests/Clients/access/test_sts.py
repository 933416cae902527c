"""STS: who has a key."""

import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from support.calls import ACCOUNT, allow, audit, failure, key, metrics, service, user

NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def raw(server, method, query="", body=None, pair=None):
    """A signed request; returns status and parsed document."""
    access, secret = pair or server.credentials()
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    request = botocore.awsrequest.AWSRequest(
        method=method, url=f"{server.endpoint}/{query}", data=body, headers=headers)
    botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(access, secret), "sts", "us-east-1").add_auth(request)
    prepared = request.prepare()
    try:
        with urllib.request.urlopen(urllib.request.Request(
                prepared.url, prepared.body, dict(prepared.headers), method=method)) as answer:
            assert answer.headers["Content-Type"].startswith("text/xml")
            return answer.status, xml.etree.ElementTree.fromstring(answer.read())
    except urllib.error.HTTPError as answer:
        return answer.code, xml.etree.ElementTree.fromstring(answer.read())


def test_a_key_tells_whose_it_is_whatever_the_policy_says(server):
    answer = service(server, "sts").get_caller_identity()
    assert (answer["Account"], answer["Arn"], answer["UserId"]) == (
        ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    pair = key(user(server, "create", "ann", policy=[allow("*", effect="Deny")]))
    answer = service(server, "sts", pair).get_caller_identity()
    assert answer["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann" and answer["UserId"]
    wrong = service(server, "sts", (pair[0], "wrong" * 8))
    failure(wrong.get_caller_identity, "SignatureDoesNotMatch", 403)
    unknown = service(server, "sts", ("AKIA" + "X" * 16, pair[1]))
    failure(unknown.get_caller_identity, "InvalidClientTokenId", 403)
    elsewhere = boto3.client(
        "sts", endpoint_url=server.endpoint, region_name="eu-west-1", aws_access_key_id=pair[0],
        aws_secret_access_key=pair[1])
    failure(elsewhere.get_caller_identity, "SignatureDoesNotMatch", 403)


def test_other_actions_are_unknown(server):
    client = service(server, "sts")
    answer = failure(client.get_session_token, "InvalidAction", 400)
    assert "GetSessionToken" in answer["Error"]["Message"]
    assert answer["Error"]["Type"] == "Sender"
    assert answer["ResponseMetadata"]["RequestId"]


def test_the_query_protocol_takes_forms_and_queries(server):
    form = b"Action=GetCallerIdentity&Version=2011-06-15"
    for status, document in (raw(server, "POST", body=form),
                             raw(server, "GET", "?" + form.decode())):
        assert status == 200 and document.tag == NAMESPACE + "GetCallerIdentityResponse"
        result = document.find(NAMESPACE + "GetCallerIdentityResult")
        assert result.find(NAMESPACE + "Account").text == ACCOUNT
        metadata = document.find(NAMESPACE + "ResponseMetadata")
        assert metadata.find(NAMESPACE + "RequestId").text
    for arguments, code in [
        (("POST", "", b"Version=2011-06-15"), "MissingAction"),
        (("POST", "", b"Action=GetCallerIdentity&Version=2000-01-01"), "InvalidAction"),
        (("POST", "", b"Action=%zz"), "MalformedInput"),
        (("GET", "elsewhere?Action=GetCallerIdentity"), "InvalidAction"),
        (("DELETE", "?Action=GetCallerIdentity"), "InvalidAction"),
    ]:
        status, document = raw(server, *arguments)
        assert status == 400 and document.tag == NAMESPACE + "ErrorResponse"
        assert document.find(f"{NAMESPACE}Error/{NAMESPACE}Code").text == code
    status, document = raw(server, "POST", body=b"Action=GetCallerIdentity&x=" + b"y" * 70000)
    assert status == 413


def test_a_presigned_call_is_answered(server):
    url = service(server, "sts").generate_presigned_url(
        "get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    with urllib.request.urlopen(url) as answer:
        assert f"{ACCOUNT}:root".encode() in answer.read()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("Expires=60", "Expires=61"))
    assert caught.value.code == 403


def test_the_command_line_asks_too(server):
    access, secret = server.credentials()
    result = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "aws"), "sts", "get-caller-identity",
         "--output", "text", "--query", "Arn"],
        capture_output=True, text=True, timeout=120, env={
            **os.environ, "AWS_ENDPOINT_URL": server.endpoint, "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"})
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == f"arn:aws:iam::{ACCOUNT}:root"


def test_audit_log_and_metrics_tell_of_it(server):
    service(server, "sts").get_caller_identity()
    line = audit(server)[-1]
    assert line["eventSource"] == "sts.amazonaws.com" and line["readOnly"]
    assert line["eventName"] == "GetCallerIdentity"
    assert metrics(server)[
        'spotter_requests_total{Operation="sts:GetCallerIdentity",Result="OK"}'] == 1
