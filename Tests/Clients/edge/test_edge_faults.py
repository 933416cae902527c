"""What the agent does when packages, sockets, clients or its own process are in a bad way."""

import hashlib
import io
import json
import os
import socket
import stat
import statistics
import struct
import subprocess
import zipfile

import grpc
import pytest

from support import edge
from support.edge import FAILED, NAME, RUNNING, STOPPED, Agent, pb, pixels, refused
from support.pictures import draw


def contents(archive):
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(files, sums=True):
    """An archive with `files`; checksums and manifest are made to agree unless told otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def resealed(files, **changes):
    """`files` with members of the manifest changed, and with checksums that fit."""
    files = dict(files)
    manifest = json.loads(files["manifest.json"])
    manifest.update(changes)
    manifest["files"] = {n: hashlib.sha256(d).hexdigest() for n, d in files.items()
                         if n not in ("manifest.json", "SHA256SUMS")}
    files["manifest.json"] = json.dumps(manifest).encode()
    sums = {**manifest["files"], "manifest.json": hashlib.sha256(files["manifest.json"]).hexdigest()}
    files["SHA256SUMS"] = "".join(f"{v}  {k}\n" for k, v in sorted(sums.items())).encode()
    return files


def failure(agent, component):
    """Starts a model that must fail, and returns why."""
    if agent.describe(component).status in (STOPPED, FAILED):
        agent.stub.StartModel(pb.StartModelRequest(model_component=component))
    description = agent.wait_status(component, FAILED, RUNNING)
    assert description.status == FAILED
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "FAILED"):
        agent.detect(component, pixels(draw(1, False)[0]))
    return description.status_message


def test_one_flipped_byte_in_any_file_is_found(agent, archive):
    files = contents(archive)
    for index, name in enumerate(files):
        # In the archive, where the CRC sees it ...
        raw = bytearray(archive.read_bytes())
        place = raw.find(files[name][:64])
        raw[place + len(files[name]) // 2] ^= 1
        agent.install(bytes(raw), f"com.example.Archive{index}")
        message = failure(agent, f"com.example.Archive{index}")
        assert name in message, message
        # ... and unpacked, where only checksums do.
        folder = agent.models / f"com.example.Folder{index}"
        folder.mkdir()
        for other, data in files.items():
            changed = bytearray(data)
            if other == name:
                changed[len(changed) // 2] ^= 1
            if other != "manifest.json":
                (folder / other).write_bytes(changed)
            else:
                last = changed
        (folder / "manifest.json").write_bytes(last)
        agent.wait_listed(f"com.example.Folder{index}")
        assert name in failure(agent, f"com.example.Folder{index}")
    # The agent is well and serves the whole package.
    agent.install(archive, NAME)
    agent.run(NAME)


@pytest.mark.parametrize("version, part", [(3, "format version 3"), (0, "format version 0")])
def test_an_unknown_format_version_is_named(agent, archive, version, part):
    agent.install(zipped(resealed(contents(archive), formatVersion=version)), NAME)
    assert part in failure(agent, NAME)


def test_a_device_that_computes_something_else_fails_with_both_numbers(agent, archive):
    files = contents(archive)
    vectors = json.loads(files["selftest.json"])
    honest = vectors[1]["score"]
    vectors[1]["score"] = honest + 0.01 * max(1, honest)
    files["selftest.json"] = json.dumps(vectors).encode()
    agent.install(zipped(resealed(files)), NAME)
    message = failure(agent, NAME)
    assert "self-test" in message and "the server computed" in message
    numbers = [float(x.rstrip(",.")) for x in message.replace(";", " ").split()
               if x.rstrip(",.").replace(".", "").isdigit()]
    assert any(abs(n - honest) < 1e-3 * max(1, honest) for n in numbers), message


def test_a_truncated_archive_is_read_again_when_it_is_whole(agent, archive):
    whole = archive.read_bytes()
    for keep in (0, 10, len(whole) // 2, len(whole) - 30):
        path = agent.install(whole[:keep], f"com.example.Cut{keep}")
        assert "not a whole zip archive" in failure(agent, f"com.example.Cut{keep}")
    path.write_bytes(whole)
    agent.wait_status(f"com.example.Cut{keep}", STOPPED)
    agent.run(f"com.example.Cut{keep}")


def hostile(files):
    """Archives that a careless reader would follow, each with a word of the refusal."""
    yield zipped({**files, "../outside": b"x"}), "leads out"
    yield zipped({**files, "/etc/outside": b"x"}), "leads out"
    yield zipped({**files, "a/../../outside": b"x"}), "leads out"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            if name == "model.onnx":
                info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                data = b"/etc/passwd"
            file.writestr(info, data)
    yield out.getvalue(), "link"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, data in files.items():
            file.writestr(name, data)
        with file.open("bomb", "w", force_zip64=True) as bomb:
            for _ in range(1024):
                bomb.write(bytes(1 << 20))
    yield out.getvalue(), "bytes"
    yield zipped({**files, **{f"f{i}": b"" for i in range(100)}}), "at most 64"
    manifest = json.loads(files["manifest.json"])
    for name in ("../../../etc/passwd", "/etc/passwd", ".hidden"):
        manifest["files"] = {**manifest["files"], name: "0" * 64}
        yield zipped({**files, "manifest.json": json.dumps(manifest).encode()}), "plain name"
        del manifest["files"][name]
    # Says that it has few bytes and unpacks to many.
    raw = bytearray(out.getvalue())
    central = raw.find(b"PK\x01\x02", raw.rfind(b"bomb") - 60)
    if central > 0:
        raw[central + 24:central + 28] = struct.pack("<I", 100)
        yield bytes(raw), ""


def test_hostile_archives_are_refused_and_write_nothing(agent, archive):
    before = sorted(p for p in agent.folder.rglob("*") if "agent.log" not in p.name)
    for index, (data, part) in enumerate(hostile(contents(archive))):
        component = f"com.example.Hostile{index}"
        agent.install(data, component)
        assert part in failure(agent, component), (index, part)
    assert agent.resident_mb("VmHWM") < 400
    names = {p.name for p in agent.folder.rglob("*")}
    assert "outside" not in names and len(before) > 0
    assert not (agent.folder.parent / "outside").exists()


def test_a_link_in_an_unpacked_folder_is_not_followed(agent, archive):
    folder = agent.models / "com.example.Linked"
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (folder / "elsewhere").write_bytes((folder / "model.onnx").read_bytes())
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to("elsewhere")
    agent.wait_listed("com.example.Linked")
    assert "model.onnx" in failure(agent, "com.example.Linked")


def test_without_a_runtime_the_agent_says_what_to_do(tmp_path):
    outcome = subprocess.run(
        [edge.SPOTTER_EDGE, "agent", "--socket", f"unix://{tmp_path}/a.sock"], text=True,
        capture_output=True, env={**os.environ, "SPOTTER_ONNX_RUNTIME": "/none/libonnxruntime.so"})
    assert outcome.returncode == 1
    assert "/none/libonnxruntime.so" in outcome.stderr and outcome.stderr.count("\n") == 1
    empty = tmp_path / "libempty.so"
    empty.write_bytes(b"")
    outcome = subprocess.run([edge.SPOTTER_EDGE, "doctor"], text=True, capture_output=True,
                             env={**os.environ, "SPOTTER_ONNX_RUNTIME": str(empty)})
    assert outcome.returncode == 1 and "BAD" in outcome.stdout


def test_a_live_socket_is_left_and_a_stale_one_replaced(agent, archive):
    command = [edge.SPOTTER_EDGE, "agent", "--socket", agent.target]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 1 and "Another agent listens" in outcome.stderr
    assert agent.listed() == {}
    agent.kill()
    assert agent.socket.exists()
    agent.channel = None
    agent.start()
    assert agent.listed() == {}
    assert agent.stop() == 0 and not agent.socket.exists()
    agent.socket.write_text("not a socket")
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.returncode == 1 and "no socket" in outcome.stderr
    assert agent.socket.read_text() == "not a socket"


def test_the_socket_has_the_mode_that_was_asked_for(tmp_path):
    for mode in ("0600", "0660", "0666"):
        agent = Agent(tmp_path / mode, "--socket-mode", mode).start()
        assert stat.S_IMODE(agent.socket.stat().st_mode) == int(mode, 8)
        agent.kill()
    outcome = subprocess.run([edge.SPOTTER_EDGE, "agent", "--socket", "unix:///tmp/x",
                              "--socket-mode", "rw"], capture_output=True, text=True)
    assert outcome.returncode != 0 and "octal" in outcome.stderr


def test_bytes_that_are_no_http2_end_nothing(agent, archive):
    agent.install(archive, NAME)
    agent.run(NAME)
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 100, b"PRI * HTTP/2.0"):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(agent.socket))
            raw.sendall(garbage)
    assert agent.detect(NAME, pixels(draw(1, False)[0])).anomaly_score > 0


def test_an_image_over_every_limit_is_refused(agent, archive):
    agent.install(archive, NAME)
    agent.run(NAME)
    message = pb.DetectAnomaliesRequest(
        model_component=NAME, bitmap=pb.Bitmap(width=4096, height=4096, byte_data=bytes(1) * (
            4096 * 4096 * 3)))
    # As large as the interface allows: refused by the model's size, not by the transport.
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "4096"):
        agent.stub.DetectAnomalies(message)
    message.bitmap.byte_data = bytes(4096 * 4096 * 3 + 200_000)
    with pytest.raises(grpc.RpcError):
        agent.stub.DetectAnomalies(message)
    assert agent.detect(NAME, pixels(draw(1, False)[0])).anomaly_score > 0


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_many_detections_do_not_grow_the_memory(agent, archive, count):
    agent.install(archive, NAME)
    agent.run(NAME)
    message = edge.request(NAME, pixels(draw(1, True)[0]))

    def run(count):
        pending = []
        for _ in range(count):
            pending.append(agent.stub.DetectAnomalies.future(message))
            if len(pending) == 16:
                for call in pending:
                    call.result()
                pending = []
        return agent.resident_mb()
    # The allocator gives freed pages back late, so one reading is off by tens of megabytes
    # either way; a picture that leaks at every one of 10,000 calls would add eight hundred.
    readings = [run(count // 10) for _ in range(10)]
    assert statistics.median(readings[5:]) < max(readings[:5]) * 1.1 + 5, readings


def test_the_agent_links_no_full_foundation():
    """Full Foundation brings ICU, which is most of a static program's size."""
    symbols = subprocess.run(["nm", "-C", "--defined-only", edge.SPOTTER_EDGE], text=True,
                             capture_output=True).stdout
    assert "FoundationEssentials" in symbols or "swift" in symbols
    needed = subprocess.run(["readelf", "-d", edge.SPOTTER_EDGE], text=True,
                            capture_output=True).stdout
    assert "libFoundation.so" not in needed and "lib_FoundationICU" not in needed


@pytest.mark.parametrize("change, words", [
    ({"input": {"width": -1, "height": 256}}, "input.width"),
    ({"input": {"width": 2 ** 40, "height": 256}}, "input.width"),
    ({"image": {"width": 0, "height": 256}}, "image.width"),
    ({"input": {"width": 32, "height": 32}}, ""),
    ({"labels": [{"name": f"l{i}", "color": "#000000"} for i in range(300)]}, "labels"),
])
def test_a_manifest_that_its_graph_does_not_fit_fails_that_model_alone(agent, archive, change,
                                                                       words):
    # Format 1 has no self-test that could find it.
    files = {n: d for n, d in contents(archive).items() if n in ("manifest.json", "model.onnx")}
    files = resealed(files, formatVersion=1, **change)
    del files["SHA256SUMS"]
    path = archive.parent / f"odd-{os.getpid()}.zip"
    path.write_bytes(zipped(files))
    try:
        agent.install(path, "com.example.odd")
    finally:
        path.unlink()
    if agent.describe("com.example.odd").status != FAILED:
        assert words in failure(agent, "com.example.odd")
    agent.install(archive, NAME)
    agent.run(NAME)
    assert agent.detect(NAME, pixels(draw(1, False)[0]))


def test_a_fifo_where_a_segment_should_be_is_refused_at_once(running):
    path = f"/dev/shm/spotter-fifo-{os.getpid()}"
    os.mkfifo(path)
    try:
        for _ in range(6):
            request = edge.request(NAME, pixels(draw(1, False)[0]))
            size = len(request.bitmap.byte_data)
            request.bitmap.shared_memory_handle.name = os.path.basename(path)
            request.bitmap.shared_memory_handle.size = size
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "segment"):
                running.stub.DetectAnomalies(request, timeout=10)
    finally:
        os.unlink(path)


def test_an_archive_that_was_half_copied_still_starts_by_itself(archive, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"Components": {NAME: {"Autostart": True}}}))
    agent = Agent(tmp_path / "edge", "--configuration-file", settings).start()
    try:
        whole = archive.read_bytes()
        half = tmp_path / "half.zip"
        half.write_bytes(whole[: len(whole) // 2])
        agent.install(half, NAME)
        assert agent.wait_status(NAME, FAILED)
        part = agent.models / "part"
        part.write_bytes(whole)
        part.rename(agent.models / NAME / "1.0.0" / "model.zip")
        assert agent.wait_status(NAME, RUNNING)
    finally:
        agent.kill()


def test_a_name_of_many_marks_is_refused_in_a_short_message(running):
    name = "a" + "\u0301" * 1_000_000
    with pytest.raises(grpc.RpcError) as caught:
        running.stub.DescribeModel(pb.DescribeModelRequest(model_component=name), timeout=30)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert len(caught.value.details()) < 1000
