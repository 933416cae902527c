"""Signs the requests that schemathesis makes from the OpenAPI description."""

import os

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import requests
import schemathesis

CREDENTIALS = botocore.credentials.Credentials(
    os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])


class Signature(requests.auth.AuthBase):
    def __call__(self, prepared):
        headers = {"Content-Type": prepared.headers["Content-Type"]} if (
            "Content-Type" in prepared.headers) else {}
        token = prepared.headers.get("X-Amz-Client-Token")
        if token is not None:
            headers["X-Amz-Client-Token"] = token
        request = botocore.awsrequest.AWSRequest(
            method=prepared.method, url=prepared.url, data=prepared.body or b"", headers=headers)
        botocore.auth.SigV4Auth(CREDENTIALS, "lookoutvision", "us-east-1").add_auth(request)
        for name in ("X-Amz-Date", "Authorization"):
            prepared.headers[name] = request.headers[name]
        return prepared


schemathesis.auth.set_from_requests(Signature())
