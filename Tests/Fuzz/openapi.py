"""Lets schemathesis try a server against the OpenAPI description that it prints."""

import os
import pathlib
import subprocess
import sys
import tempfile

import fuzz

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance", "negative_data_rejection", "allow_header_conformance",
          "unsupported_method", "ignored_auth"]
spotter = fuzz.ROOT / ".build" / "debug" / "spotter"
program = pathlib.Path(sys.executable).parent / "schemathesis"

with fuzz.server(spotter) as (_, port, (access, secret), log), \
        tempfile.TemporaryDirectory() as folder:
    endpoint = f"http://127.0.0.1:{port}"
    description = pathlib.Path(folder, "openapi.json")
    with description.open("w") as file:
        subprocess.run([spotter, "sdk-model", "openapi", "--server", endpoint], check=True,
                       stdout=file)
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret,
                   "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FOLDER)}
    sys.exit(subprocess.run(
        [program, "run", description, "--url", endpoint, "--checks", ",".join(CHECKS),
         "--max-examples", "50", "--seed", "1", "--continue-on-failure",
         "--suppress-health-check", "all", "--warnings", "off", "--no-color"],
        env=environment, cwd=folder).returncode)
