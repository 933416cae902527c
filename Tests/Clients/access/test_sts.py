"""STS: who has a key."""

import os
import subprocess
import sys

import boto3

from support.calls import ACCOUNT, allow, failure, key, service, user


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
