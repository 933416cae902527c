"""What client programs of Lookout for Vision do with the agent on the device."""

import io
import json
import os
import signal
import subprocess
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import shared_memory

import grpc
import numpy
import pytest
from PIL import Image

from support import edge
from support.edge import NAME, RUNNING, STOPPED, Agent, attach, pb, pixels, refused
from support.pictures import draw, png


@pytest.fixture
def segment():
    made = []

    def make(size):
        made.append(shared_memory.SharedMemory(create=True, size=size))
        return made[-1]
    yield make
    for one in made:
        one.close()
        one.unlink()


def handle(segment, size, offset=0):
    return pb.SharedMemoryHandle(name=segment.name, size=size, offset=offset)


def test_the_developer_guides_way(agent, archive, hosted):
    agent.install(archive, NAME)
    listed = agent.listed()[NAME]
    assert listed.status == STOPPED
    assert listed.lookout_vision_model_arn.endswith("model/parts/1")
    picture, _ = draw(7003, True)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "RUNNING"):
        agent.detect(NAME, pixels(picture))
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "RUNNING"):
        agent.stub.StopModel(pb.StopModelRequest(model_component=NAME))
    description = agent.run(NAME)
    assert description.lookout_vision_model_arn == listed.lookout_vision_model_arn
    assert "running" in description.status_message
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "STOPPED or FAILED"):
        agent.stub.StartModel(pb.StartModelRequest(model_component=NAME))
    result = agent.detect(NAME, pixels(picture))
    assert result.is_anomalous and 0.5 <= result.confidence <= 1
    assert result.anomaly_score > result.anomaly_threshold > 0
    assert {a.name for a in result.anomalies} >= {"background", "blot"}
    assert abs(sum(a.pixel_anomaly.total_percentage_area for a in result.anomalies) - 1) < 1e-5
    mask = numpy.frombuffer(result.anomaly_mask.byte_data, numpy.uint8).reshape(256, 256, 3)
    blot = next(a for a in result.anomalies if a.name == "blot")
    color = tuple(bytes.fromhex(blot.pixel_anomaly.hex_color[1:]))
    share = (mask == color).all(axis=2).mean()
    assert abs(share - blot.pixel_anomaly.total_percentage_area) < 1e-5
    answer = hosted.client().detect_anomalies(
        ProjectName="parts", ModelVersion="1", ContentType="image/png", Body=png(picture))
    server_mask = Image.open(io.BytesIO(
        answer["DetectAnomalyResult"]["AnomalyMask"])).convert("RGB")
    assert (pixels(server_mask) == mask).all()
    normal = agent.detect(NAME, pixels(draw(7002, False)[0]))
    assert not normal.is_anomalous and [a.name for a in normal.anomalies] == ["background"]
    stopped = agent.stub.StopModel(pb.StopModelRequest(model_component=NAME))
    assert stopped.status == STOPPED and agent.describe(NAME).status == STOPPED


def test_shared_memory_gives_what_bytes_give(running, segment):
    data = pixels(draw(7003, True)[0])
    by_bytes = running.detect(NAME, data)
    image, mask = segment(data.nbytes + 4096), segment(data.nbytes + 100)
    image.buf[4096:4096 + data.nbytes] = data.tobytes()
    message = pb.DetectAnomaliesRequest(
        model_component=NAME, bitmap=pb.Bitmap(
            width=256, height=256, shared_memory_handle=handle(image, data.nbytes, 4096)))
    message.anomaly_mask_params.shared_memory_handle.CopyFrom(handle(mask, data.nbytes, 100))
    result = running.stub.DetectAnomalies(message).detect_anomaly_result
    assert result.anomaly_score == by_bytes.anomaly_score
    assert not result.anomaly_mask.byte_data
    assert bytes(mask.buf[100:100 + data.nbytes]) == by_bytes.anomaly_mask.byte_data
    assert bytes(mask.buf[:100]) == bytes(100)
    # The other number that a published client uses for the handle.
    other = segment(data.nbytes)
    message.anomaly_mask_params.Clear()
    message.anomaly_mask_params.shared_memory_handle_alternative.CopyFrom(
        handle(other, data.nbytes))
    running.stub.DetectAnomalies(message)
    assert bytes(other.buf[:data.nbytes]) == by_bytes.anomaly_mask.byte_data


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "x" * 129])
def test_a_name_that_no_component_can_have_is_an_invalid_argument(running, name):
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "model_component"):
        running.stub.DescribeModel(pb.DescribeModelRequest(model_component=name))


def test_what_does_not_fit_is_refused_with_the_number_that_would(running, segment):
    data = pixels(draw(7004, False)[0])
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    with refused(grpc.StatusCode.NOT_FOUND, "com.example.None"):
        running.detect("com.example.None", data)
    with refused(invalid, "196608"):
        message = edge.request(NAME, data)
        message.bitmap.byte_data = data.tobytes()[:-1]
        running.stub.DetectAnomalies(message)
    for width, height in ((63, 256), (256, 4097), (-1, 5), (0, 0), (255, 256)):
        with refused(invalid, "bitmap"):
            message = edge.request(NAME, data)
            message.bitmap.width, message.bitmap.height = width, height
            running.stub.DetectAnomalies(message)
    with refused(invalid, "byte_data or shared_memory_handle"):
        running.stub.DetectAnomalies(pb.DetectAnomaliesRequest(
            model_component=NAME, bitmap=pb.Bitmap(width=256, height=256)))
    small = segment(4096)
    cases = [
        (pb.SharedMemoryHandle(name="/none-such", size=data.nbytes), "cannot be opened"),
        (pb.SharedMemoryHandle(name="../etc/passwd", size=data.nbytes), "slash"),
        (pb.SharedMemoryHandle(name="", size=data.nbytes), "name"),
        (pb.SharedMemoryHandle(name="..", size=data.nbytes), "name"),
        (handle(small, data.nbytes), "reach beyond"),
        (handle(small, 4096), "196608"),
        (handle(small, data.nbytes, 2**64 - 5), "too large"),
        (handle(small, 2**63, 2**62), "too large"),
    ]
    for bad, part in cases:
        with refused(invalid, part):
            running.stub.DetectAnomalies(pb.DetectAnomaliesRequest(
                model_component=NAME,
                bitmap=pb.Bitmap(width=256, height=256, shared_memory_handle=bad)))
        with refused(invalid, part):
            running.detect(NAME, data, mask=bad)
    assert running.detect(NAME, data).anomaly_score > 0


def test_a_segment_that_shrinks_under_the_agent_ends_nothing(running, segment):
    data = pixels(draw(7005, False)[0])
    image = segment(data.nbytes)
    path = f"/dev/shm/{image.name.lstrip('/')}"
    message = pb.DetectAnomaliesRequest(
        model_component=NAME, bitmap=pb.Bitmap(
            width=256, height=256, shared_memory_handle=handle(image, data.nbytes)))
    outcomes = set()
    calls = []
    for _ in range(100):
        os.truncate(path, data.nbytes)
        calls.append(running.stub.DetectAnomalies.future(message))
        os.truncate(path, 10)
    for call in calls:
        outcomes.add(call.code())
    assert outcomes <= {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
    os.truncate(path, data.nbytes)
    assert running.stub.DetectAnomalies(message).detect_anomaly_result.anomaly_score > 0


def test_sixty_four_clients_at_once_all_get_their_own_answer(running):
    pictures = [pixels(draw(7100 + i, i % 2 == 0)[0]) for i in range(8)]
    expected = [running.detect(NAME, p).anomaly_score for p in pictures]

    def client(index):
        stub = running.connect()
        picture = index % len(pictures)
        for _ in range(3):
            answer = stub.DetectAnomalies(edge.request(NAME, pictures[picture]))
            assert answer.detect_anomaly_result.anomaly_score == expected[picture]
        return True
    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(client, range(64)))


def test_more_calls_than_may_wait_are_turned_away(archive, tmp_path):
    agent = Agent(tmp_path / "edge", "--concurrency", "1").start()
    try:
        agent.install(archive, NAME)
        agent.run(NAME)
        message = edge.request(NAME, pixels(draw(7200, False)[0]))
        calls = [agent.stub.DetectAnomalies.future(message) for _ in range(400)]
        codes = [call.code() for call in calls]
        assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert agent.stub.DetectAnomalies(message)
    finally:
        agent.kill()


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(running):
    data = pixels(draw(7300, False)[0])
    calls = [running.stub.DetectAnomalies.future(edge.request(NAME, data)) for _ in range(40)]
    for call in calls:
        call.cancel()
    assert running.detect(NAME, data).anomaly_score > 0
    assert running.stub.StopModel(
        pb.StopModelRequest(model_component=NAME)).status == STOPPED
    running.run(NAME)


def test_the_newest_version_in_a_folder_is_served_after_a_restart_of_the_model(agent, archive):
    agent.install(archive, NAME, "1.9.0")
    agent.run(NAME)
    folder = agent.models / NAME / "1.10.0"
    folder.mkdir()
    (folder / "model.zip").write_bytes(archive.read_bytes())
    edge.wait_until(lambda: "1.10.0" in agent.describe(NAME).status_message, "the new version")
    assert agent.describe(NAME).status == RUNNING
    agent.stub.StopModel(pb.StopModelRequest(model_component=NAME))
    agent.run(NAME)


def test_an_unpacked_folder_is_served_too(agent, archive):
    folder = agent.models / "com.example.Unpacked"
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    agent.wait_listed("com.example.Unpacked")
    agent.run("com.example.Unpacked")
    # What the guide of coreutils says about such a file works.
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder).returncode == 0


def test_an_attached_model_is_listed_while_its_process_lives(agent, archive):
    process = attach(agent, archive, "--set", "Autostart=false", "--set", "Threshold=",
                     "--set", "Accelerator=", "--set", "Fallback=true")
    agent.wait_listed(NAME)
    agent.run(NAME)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    agent.wait_listed(NAME, present=False)


def test_attached_models_come_back_when_the_agent_is_killed(agent, archive):
    process = attach(agent, archive)
    try:
        agent.wait_listed(NAME)
        agent.run(NAME)
        agent.kill()
        agent.channel = None
        agent.start()
        agent.wait_listed(NAME)
        # It ran before, so it runs again.
        agent.wait_status(NAME, RUNNING)
        process.kill()
        process.wait()
        agent.wait_listed(NAME, present=False)
    finally:
        process.kill()


def test_attach_waits_for_the_agent_and_starts_by_itself_if_told(archive, tmp_path):
    agent = Agent(tmp_path / "edge")
    process = attach(agent, archive, "--autostart", "--set", "Threshold=1000000")
    try:
        agent.start()
        agent.wait_listed(NAME)
        description = agent.wait_status(NAME, RUNNING)
        assert "1000000" in description.status_message
        result = agent.detect(NAME, pixels(draw(7001, True)[0]))
        assert not result.is_anomalous and result.anomaly_threshold == 1000000
        assert result.confidence >= 0.5
    finally:
        process.kill()
        agent.kill()


def test_a_later_attachment_takes_the_component(agent, archive):
    first = attach(agent, archive)
    agent.wait_listed(NAME)
    second = attach(agent, archive)
    try:
        assert first.wait(timeout=30) == 0
        agent.run(NAME)
    finally:
        second.kill()


def test_settings_come_from_the_configuration_file(archive, tmp_path):
    path = tmp_path / "agent.json"
    path.write_text(json.dumps({"Components": {NAME: {"Threshold": 0.001, "Autostart": True}}}))
    agent = Agent(tmp_path / "edge", "--configuration-file", path).start()
    try:
        agent.install(archive, NAME)
        agent.wait_status(NAME, RUNNING)
        assert agent.detect(NAME, pixels(draw(7002, False)[0])).is_anomalous
    finally:
        agent.kill()
    path.write_text(json.dumps({"Components": {NAME: {"Threshold": "warm"}}}))
    outcome = subprocess.run([edge.SPOTTER_EDGE, "agent", "--socket", agent.target,
                              "--configuration-file", path], capture_output=True, text=True)
    assert outcome.returncode == 1 and "Threshold must be a number above 0" in outcome.stderr


def test_metrics_are_counted(running):
    text = running.log.read_text()
    address = text.split("Metrics on ")[1].split()[0]
    before = urllib.request.urlopen(address).read().decode()
    running.detect(NAME, pixels(draw(7001, True)[0]))
    after = urllib.request.urlopen(address).read().decode()

    def count(body):
        return sum(int(x.split()[-1]) for x in body.splitlines()
                   if x.startswith("spotter_edge_detections_total") and 'result="anomalous"' in x)
    assert count(after) == count(before) + 1
    assert f'spotter_edge_model_running{{component="{NAME}"}} 1' in after
    assert f'spotter_edge_threshold{{component="{NAME}"}} ' in after

    def doubtful(body, bound):
        start = f'spotter_edge_score_threshold_ratio_bucket{{component="{NAME}",le="{bound}"}} '
        return sum(int(x.split()[-1]) for x in body.splitlines() if x.startswith(start))
    assert doubtful(after, "1.0") == doubtful(before, "1.0")
    assert doubtful(after, "+Inf") == doubtful(before, "+Inf") + 1


def test_logs_are_json_when_asked(archive, tmp_path):
    agent = Agent(tmp_path / "edge", "--log-format", "json").start()
    try:
        agent.install(archive, NAME)
        agent.run(NAME)
    finally:
        assert agent.stop() == 0
    lines = [json.loads(x) for x in agent.log.read_text().splitlines()]
    assert any(x["metadata"].get("component") == NAME for x in lines)
    assert not agent.socket.exists()


def test_inspect_judges_files(archive, tmp_path):
    files = []
    for index, anomalous in enumerate((False, True)):
        files.append(tmp_path / f"{index}.png")
        files[-1].write_bytes(png(draw(7001 + 10 * index, anomalous)[0]))
    outcome = subprocess.run(
        [edge.SPOTTER_EDGE, "inspect", "--model", archive, "--json", "--overlay",
         tmp_path / "seen", *files], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    lines = [json.loads(x) for x in outcome.stdout.splitlines()]
    assert [x["isAnomalous"] for x in lines] == [False, True]
    assert Image.open(tmp_path / "seen" / "1.png.png").size[0] > 512
    outcome = subprocess.run(
        [edge.SPOTTER_EDGE, "inspect", "--model", archive, tmp_path / "none.png", files[0]],
        capture_output=True, text=True)
    assert outcome.returncode == 1 and "none.png" in outcome.stderr
    assert "normal" in outcome.stdout


def test_doctor_tells_what_is_wrong(archive, tmp_path):
    outcome = subprocess.run([edge.SPOTTER_EDGE, "doctor", archive, "--socket",
                              f"unix://{tmp_path}/none.sock"], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout
    assert "CPUExecutionProvider" in outcome.stdout and "self-test passed" in outcome.stdout
    bad = tmp_path / "bad.zip"
    bad.write_bytes(archive.read_bytes()[:-100])
    outcome = subprocess.run([edge.SPOTTER_EDGE, "doctor", bad], capture_output=True, text=True)
    assert outcome.returncode == 1 and "BAD" in outcome.stdout
