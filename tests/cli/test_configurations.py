"""Every configuration of `configs` runs."""

from pathlib import Path

import pytest
import yaml

CONFIGURATIONS = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.yaml"))


def test_there_are_configurations():
    assert CONFIGURATIONS


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_runs_and_leaves_nothing(path, run_fhr, simulated_folder, false_signal_folder, tmp_path):
    data = yaml.safe_load(path.read_text(encoding="utf-8"))["data"]["class_path"]
    small = {
        "fhr.datamodules.SimulatedDataModule": "n=60",
        "fhr.datamodules.FalseSignalDataModule": f"root={false_signal_folder}",
    }.get(data, f"root={simulated_folder}")
    answer = run_fhr(tmp_path, "fit", "--config", path, f"--data.init_args.{small}", "--trainer.fast_dev_run", "true")
    assert (answer.code, answer.out) == (0, "")
    assert list(tmp_path.iterdir()) == []
