#!/usr/bin/env python3
"""Memory, start time and latency of the agent, with the release build, against the server's.

    make bench-edge
    Benchmarks/edge_agent.py --debug    # the debug builds, whose detection is optimised too

Latencies are medians of CALLS calls, one at a time; the ratio is to DetectAnomalies of the server
with the same picture as JPEG, in the same run. Memory is what is resident after DETECTIONS.
"""

import argparse
import io
import pathlib
import statistics
import sys
import tempfile
import time
from multiprocessing import shared_memory

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "Clients"))
from support import edge, pictures  # noqa: E402
from support import server as processes  # noqa: E402

CALLS = 100
DETECTIONS = 1000


def median(call):
    call()
    times = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def measure(server, agent, size):
    name = f"parts{size[0]}"
    client = server.client()
    pictures.make_dataset(
        server, client, name, name, masks=True, normal=20, anomalous=12, size=size)
    pictures.train(client, name, name)
    pictures.host(client, name)
    archive, _ = pictures.make_package(server, name, f"com.example.{name}", name)
    component = f"com.example.{name}"
    agent.install(archive, component)
    begin = time.perf_counter()
    agent.run(component)
    started = (time.perf_counter() - begin) * 1000
    picture, _ = pictures.draw(1, True, size)
    data = edge.pixels(picture)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    body = out.getvalue()
    image = shared_memory.SharedMemory(create=True, size=data.nbytes)
    mask = shared_memory.SharedMemory(create=True, size=data.nbytes)
    image.buf[:data.nbytes] = data.tobytes()
    handles = [edge.pb.SharedMemoryHandle(name=x.name, size=data.nbytes) for x in (image, mask)]
    by_memory = edge.pb.DetectAnomaliesRequest(
        model_component=component, bitmap=edge.pb.Bitmap(
            width=size[0], height=size[1], shared_memory_handle=handles[0]))
    by_memory.anomaly_mask_params.shared_memory_handle.CopyFrom(handles[1])
    served = median(lambda: client.detect_anomalies(
        ProjectName=name, ModelVersion="1", Body=body, ContentType="image/jpeg"))
    bytes_ms = median(lambda: agent.detect(component, data))
    memory_ms = median(lambda: agent.stub.DetectAnomalies(by_memory))
    for _ in range(DETECTIONS - 2 * CALLS):
        agent.detect(component, data)
    for one in (image, mask):
        one.close()
        one.unlink()
    print(f"{size[0]}×{size[1]}: server {served:.1f} ms; agent by bytes {bytes_ms:.1f} ms "
          f"({bytes_ms / served:.2f} of it), by shared memory {memory_ms:.1f} ms "
          f"({memory_ms / served:.2f}); start {started:.0f} ms; "
          f"package {archive.stat().st_size / 1e6:.1f} MB; agent RSS {agent.resident_mb():.0f} MB, "
          f"{agent.resident_mb('RssAnon'):.0f} MB of it beside files, "
          f"peak {agent.resident_mb('VmHWM'):.0f} MB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--debug", action="store_true", help="measure the debug builds")
    if not parser.parse_args().debug:
        architecture = next((ROOT / ".build" / "edge-agent").iterdir()).name
        processes.SPOTTER = ROOT / ".build" / "release" / "spotter"
        edge.Agent.program = (
            ROOT / ".build" / "edge-agent" / architecture / "bin" / "spotter-edge")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server = processes.ProductServer(folder / "data").start()
        try:
            for size in ((576, 768), (1920, 1080)):
                agent = edge.Agent(folder / f"edge{size[0]}").start()
                print(f"agent without a model: RSS {agent.resident_mb():.0f} MB")
                try:
                    measure(server, agent, size)
                finally:
                    agent.kill()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
