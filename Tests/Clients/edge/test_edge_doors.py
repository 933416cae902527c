"""Who may attach packages to the agent on the device, and who may only ask for verdicts."""

import importlib
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile

import grpc
import pytest
from grpc_tools import protoc

from support import edge
from support.edge import NAME, RUNNING, attach, pixels, refused
from support.pictures import draw

NOBODY = 65534


def attachments(target):
    """What an earlier `spotter-edge attach`, or somebody's own program, sends."""
    folder = tempfile.mkdtemp(prefix="spotter-stubs-")
    source = edge.ROOT / "Sources" / "EdgeProtocol"
    assert protoc.main(["protoc", f"-I{source}", f"--python_out={folder}",
                        f"--grpc_python_out={folder}", str(source / "attachment.proto")]) == 0
    sys.path.insert(0, folder)
    messages, calls = (importlib.import_module(name)
                       for name in ("attachment_pb2", "attachment_pb2_grpc"))
    stub = calls.AttachmentsStub(grpc.insecure_channel(target))
    return lambda archive: next(iter(stub.Attach(iter([messages.AttachRequest(
        component=NAME, component_version="9.9.9", archive=str(archive), start=True)]),
        timeout=30)))


def door(agent):
    return pathlib.Path(f"{agent.socket}.attach")


def test_who_may_ask_for_verdicts_cannot_attach_over_a_running_model(agent, archive):
    process = attach(agent, archive)
    try:
        agent.wait_listed(NAME)
        agent.run(NAME)
        before = agent.describe(NAME)
        with refused(grpc.StatusCode.PERMISSION_DENIED, str(door(agent)), "spotter-edge attach"):
            attachments(agent.target)("/nowhere.zip")
        assert agent.describe(NAME) == before and before.status == RUNNING
        assert agent.detect(NAME, pixels(draw(7001, True)[0])).is_anomalous
        assert process.poll() is None
    finally:
        process.kill()


def test_the_socket_for_attaching_is_its_owners_alone_and_goes_with_the_agent(agent):
    found = os.lstat(door(agent))
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == os.geteuid()
    # The socket of clients has the mode that it had before there were two.
    assert stat.S_IMODE(os.lstat(agent.socket).st_mode) == 0o660
    agent.stop()
    assert not door(agent).exists() and not agent.socket.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_attach_even_where_the_mode_was_opened(agent, archive, tmp_path):
    agent.socket.parent.chmod(0o755)
    log = tmp_path / "attach.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             edge.SPOTTER_EDGE, "attach", "--component", NAME, "--component-version", "1.0.0",
             "--socket", agent.target, "--unarchived", "", "--archive", archive], stderr=output)
    try:
        edge.wait_until(lambda: "belongs to user 0" in log.read_text(), log.read_text)
        door(agent).chmod(0o666)
        edge.wait_until(lambda: f"of user {NOBODY} is neither" in agent.log.read_text(),
                        agent.log.read_text)
        assert NAME not in agent.listed()
        # The door goes on for those who may.
        own = attach(agent, archive)
        try:
            agent.wait_listed(NAME)
            own.send_signal(signal.SIGTERM)
            assert own.wait(timeout=30) == 0
        finally:
            own.kill()
    finally:
        process.kill()
