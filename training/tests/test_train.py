import subprocess
import sys
from pathlib import Path

import pytest
import torch

from backbone.train import Episodes, Run, Settings, train

SETTINGS = Settings(steps=4, seed=3, size=64, episodes=1, references=2, queries=2, warmup=2)
CPU = torch.device("cpu")


def begun(folder: Path, settings: Settings = SETTINGS) -> Run:
    folder.mkdir(exist_ok=True)
    return Run(folder, settings, CPU)


def test_a_run_that_was_stopped_and_resumed_ends_with_the_same_weights(tmp_path):
    whole = begun(tmp_path / "whole")
    train(whole)

    stopped = begun(tmp_path / "stopped")
    for batch in Episodes(SETTINGS, 0):
        stopped.advance(batch)
        if stopped.step == 2:
            break
    stopped.save()
    resumed = begun(tmp_path / "stopped")
    assert resumed.step == 2
    train(resumed)

    assert resumed.step == whole.step == 4
    for name in ("network", "averaged"):
        expected = getattr(whole, name).state_dict()
        for key, value in getattr(resumed, name).state_dict().items():
            assert torch.equal(value, expected[key]), f"{name}.{key}"


def test_a_run_is_not_resumed_with_other_settings(tmp_path):
    begun(tmp_path / "run").save()
    with pytest.raises(SystemExit):
        begun(tmp_path / "run", Settings(steps=5))


def test_smoke_training_writes_a_checkpoint_and_a_log(tmp_path):
    folder = tmp_path / "run"
    subprocess.run([sys.executable, "-m", "backbone.train", folder, "--smoke", "--device", "cpu"],
                   check=True, timeout=120, cwd=Path(__file__).parent.parent)
    assert torch.load(folder / "checkpoint.pt")["step"] == 12
    assert len((folder / "log.csv").read_text().splitlines()) == 3
