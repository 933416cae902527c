"""What a server holds of memory at rest, after trainings that took more than that."""

import pytest

from support import pictures
from support.calls import until, wait_model
from support.server import ProductServer

AT_REST_MB = 150


@pytest.mark.slow
def test_a_server_at_rest_holds_at_most_150_mb_after_one_training_and_after_fifteen(tmp_path, capsys):
    """`make bench-memory` measures the same with the release build."""
    server = ProductServer(tmp_path / "data").start()
    try:
        client = server.client()
        pictures.make_dataset(server, client, "parts", "parts", masks=True, normal=20, anomalous=12)
        output = {"S3Location": {"Bucket": "parts", "Prefix": "results/"}}
        for version in range(1, 16):
            client.create_model(ProjectName="parts", OutputConfig=output)
            assert wait_model(client, "parts", str(version))["Status"] == "TRAINED"
            if version in (1, 15):
                # It looks every five seconds.
                until(lambda: server.memory_mb() <= AT_REST_MB)
                with capsys.disabled():
                    print(f"\nafter {version} trainings: {server.memory_mb():.0f} MB at rest, "
                          f"{server.peak_memory_mb():.0f} at most")
        assert server.peak_memory_mb() > AT_REST_MB
    finally:
        server.kill()
