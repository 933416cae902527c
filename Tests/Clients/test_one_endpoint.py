"""A program that uses several services finds all of them behind one variable."""

import json
import os
import pathlib
import subprocess
import sys

from conftest import SHARED, needs_shared

PROGRAM = pathlib.Path(__file__).parent / "programs" / "inspection.py"


def run(server, dataset, work):
    data_path = {k: v for k, v in os.environ.items() if k == "AWS_DATA_PATH"}
    out = subprocess.run([sys.executable, PROGRAM, dataset, work], capture_output=True, text=True,
                         env={**server.client_environment(), **data_path}, timeout=600)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


@needs_shared
def test_images_go_in_and_a_component_comes_out(server, tmp_path):
    text = run(server, SHARED / "cookies", tmp_path)
    assert "artifact s3://inspection-line-7/components/" in text
    events = [json.loads(x) for x in (server.directory / "audit" / "audit.jsonl").open()]
    sources = {x["eventSource"] for x in events}
    assert sources == {f"{x}.amazonaws.com" for x in ("lookoutvision", "s3", "greengrass", "sts")}
    assert not [x for x in events if "errorCode" in x]
