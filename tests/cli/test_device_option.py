"""`--device` of every verb that computes with torch."""

from importlib import import_module

import pytest
import torch
import yaml

from fhr.cli.device import trainer_arguments
from fhr.errors import FHRError
from fhr.features import read_features

cli = import_module("fhr.cli.command_line")
no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
VERBS = {
    "predict": ["DIR", "--run", "RUN"],
    "quality": ["DIR", "--run", "RUN"],
    "morphology": ["DIR", "--run", "RUN"],
    "plot": ["DIR/s0001", "--run", "RUN", "--out", "strip.png"],
    "features": ["DIR", "--out", "t.parquet", "--groups", "multiscale"],
    "crossval": ["--config", "CONFIG"],
    "fit": ["--config", "CONFIG"],
    "validate": ["--run", "RUN"],
    "test": ["--run", "RUN"],
}


@pytest.mark.parametrize("verb", [*VERBS, "quickstart"])
def test_every_help_names_it(run_fhr, tmp_path, verb):
    answer = run_fhr(tmp_path, verb, "--help")
    assert answer.code == 0
    assert "--device NAME" in answer.out


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("device", [pytest.param("cuda", marks=no_cuda), "gpu"])
def test_a_device_that_is_not_there_is_refused_in_one_line(runs, births, tiny_config, run_fhr, verb, device):
    places = {"RUN": runs.fit, "CONFIG": str(tiny_config)}
    arguments = [places.get(part, part.replace("DIR", str(births))) for part in VERBS[verb]]
    before = sorted(path for path in runs.folder.rglob("*") if path.is_file())
    answer = run_fhr(runs.folder, verb, *arguments, "--device", device)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"fhr {verb}: device ")
    assert ("cpu" in answer.err, answer.err.count("\n")) == (True, 1)
    assert sorted(path for path in runs.folder.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (None, []),
        ("auto", ["--trainer.accelerator=auto"]),
        ("cpu", ["--trainer.accelerator=cpu"]),
        ("cuda", ["--trainer.accelerator=cuda"]),
        ("cuda:1", ["--trainer.accelerator=cuda", "--trainer.devices=[1]"]),
        ("mps", ["--trainer.accelerator=mps"]),
    ],
)
def test_what_it_means_to_the_trainer(device, expected):
    assert trainer_arguments(device, ["--config", "x.yaml", "--trainer.max_epochs", "3"], here=False) == expected


@pytest.mark.parametrize("given", [["--trainer.accelerator=cpu"], ["--trainer.accelerator", "gpu"]])
def test_two_places_to_train_are_refused(given):
    with pytest.raises(FHRError, match=r"--device cpu beside --trainer.accelerator: both say where to train"):
        trainer_arguments("cpu", given)
    assert trainer_arguments(None, given) == []


def test_a_numbered_device_beside_the_trainers_own_number():
    with pytest.raises(FHRError, match=r"--device cuda:1 beside --trainer.devices"):
        trainer_arguments("cuda:1", ["--trainer.devices=2"], here=False)


def test_it_overrides_the_configuration_of_a_fit(run_fhr, tiny_config, tmp_path):
    config = tmp_path / "auto.yaml"
    config.write_text(tiny_config.read_text().replace("accelerator: cpu", "accelerator: gpu"))
    answer = run_fhr(tmp_path, "fit", "--device", "cpu", "--config", config, "--print_config")
    assert answer.code == 0, answer.err
    assert yaml.safe_load(answer.out)["trainer"]["accelerator"] == "cpu"


def test_it_reaches_the_cross_validation(monkeypatch, run_fhr, tmp_path):
    given = []
    monkeypatch.setattr("fhr.cli.crossval.run", lambda options: given.append(options.overrides) or 0)
    arguments = ["crossval", "--config", "cnn", "--data.target", "ph<7.05", "--device", "cpu", "--repeats", "2"]
    assert run_fhr(tmp_path, *arguments).code == 0
    assert given == [["--data.target", "ph<7.05", "--trainer.accelerator=cpu"]]
    # Workers of a scheduler have devices of their own.
    assert run_fhr(tmp_path, "crossval", "--scheduler", "dask://h:1", "--device", "cuda").code == 0
    assert given[1:] == [["--trainer.accelerator=cuda"]]


def test_a_fit_is_not_given_what_it_did_not_ask_for(monkeypatch, run_fhr, tmp_path):
    given = []
    monkeypatch.setattr("fhr.cli.training.train", lambda *arguments: given.append(arguments) or 0)
    for verb in cli._TRAINING:
        assert run_fhr(tmp_path, verb, "-v", "--config", "x.yaml", "--verbose", "true", "-qq").code == 0
    assert given == [(verb, ["--config", "x.yaml", "--verbose", "true"]) for verb in cli._TRAINING]


def test_features_say_where_they_were_computed(run_fhr, births, tmp_path):
    arguments = ["--groups", "multiscale", "--step", "30", "--device", "auto"]
    assert run_fhr(tmp_path, "features", births, "--out", "t.parquet", *arguments).code == 0
    assert read_features(tmp_path / "t.parquet").attrs["provenance"]["device"] == "auto"
    answer = run_fhr(tmp_path, "features", births, "--out", "s.parquet", "--groups", "scalar", "--device", "mps")
    assert (
        answer.code,
        "only the groups multiscale, scattering, scale_cumulants, cross_channel compute on one" in answer.err,
    ) == (2, True)
    answer = run_fhr(tmp_path, "features", births, "--out", "s.parquet", "--device", "mps")
    assert (answer.code, "mps has no 64-bit floats" in answer.err) == (2, True)


@pytest.mark.cuda
def test_predictions_on_cuda_are_those_of_the_cpu(runs, births, run_fhr):
    import io

    import pandas as pd

    tables = [
        pd.read_csv(io.StringIO(run_fhr(runs.folder, "predict", births, "--run", runs.fit, "--device", name).out))
        for name in ("cpu", "cuda")
    ]
    pd.testing.assert_frame_equal(*tables, rtol=1e-2, atol=1e-3)
