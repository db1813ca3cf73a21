"""Every configuration of the package runs by its name, and what else `--config` may name is found or refused."""

from pathlib import Path

import pytest
import yaml

from fhr.cli.configurations import configuration_file, shipped_configurations, with_configuration_files
from fhr.errors import FHRError

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = shipped_configurations()


def test_there_are_configurations_and_a_clone_shows_them_at_its_root():
    assert {"cnn", "ctg_net", "false_signal", "multiscale", "simulated"} <= set(SHIPPED)
    assert all(path.is_relative_to(ROOT / "fhr") for path in SHIPPED.values())
    if (ROOT / "configs").is_symlink():  # not where a clone can have no links
        assert sorted((ROOT / "configs").iterdir()) == sorted(
            ROOT / "configs" / path.name
            for path in [*SHIPPED.values(), *shipped_configurations(generators=True).values()]
        )


@pytest.mark.training
@pytest.mark.parametrize("name", SHIPPED)
def test_a_configuration_runs_and_leaves_nothing(name, run_fhr, simulated_folder, false_signal_folder, tmp_path):
    data = yaml.safe_load(SHIPPED[name].read_text(encoding="utf-8"))["data"]["class_path"]
    small = {
        "fhr.datamodules.SimulatedDataModule": ["n=60"],
        "fhr.datamodules.PretrainingDataModule": ["labours=4", "validation=2", "test=2"],
        "fhr.datamodules.FalseSignalDataModule": [f"root={false_signal_folder}"],
    }.get(data, [f"root={simulated_folder}"])
    alone = ["--procedure", "null"] if name == "whole" else []
    given = ["--config", name, *alone, *(f"--data.init_args.{one}" for one in small), "--trainer.fast_dev_run", "true"]
    answer = run_fhr(tmp_path, "fit", *given)
    assert (answer.code, answer.out) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_just_that_name_comes_before_a_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnn.yaml").touch()
    (tmp_path / "simulated").mkdir()
    assert configuration_file("cnn") == str(SHIPPED["cnn"])
    assert configuration_file("simulated") == str(SHIPPED["simulated"])
    assert configuration_file("cnn.yaml") == "cnn.yaml"
    (tmp_path / "cnn").touch()
    assert configuration_file("cnn") == "cnn"


def test_a_shipped_one_is_noted_down_as_before():
    assert "/".join(Path(configuration_file("cnn")).parts[-2:]) == "configs/cnn.yaml"


@pytest.mark.parametrize(
    "text", ["trainer: {}\n" * 1000, "{trainer: {max_epochs: 1}}", "seed_everything: 1", "-", "a: b.yaml"]
)
def test_a_configuration_given_as_text_stays(text):
    assert configuration_file(text) == text


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("cnnn", "did you mean 'cnn'?"),
        ("configs/simulate.yaml", "did you mean 'simulated'?"),
        ("a folder/CTG_net.yml", "did you mean 'ctg_net'?"),
        ("entirely/other.yaml", "; shipped are cnn, "),
        (".", "; shipped are cnn, "),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(given, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FHRError) as refusal:
        configuration_file(given)
    assert str(refusal.value).startswith(f"--config {given}: there is no such file")
    assert meant in str(refusal.value)
    assert all(name in str(refusal.value) for name in SHIPPED)


def test_every_configuration_on_a_command_line_is_found():
    cnn, simulated = str(SHIPPED["cnn"]), str(SHIPPED["simulated"])
    given = ["fit", "--config", "cnn", "-c", "simulated", "--config=cnn", "--name", "cnn"]
    assert with_configuration_files(given) == [
        *("fit", "--config", cnn, "-c", simulated, f"--config={cnn}"),
        *("--name", "cnn"),
    ]


@pytest.mark.parametrize("verb", ["fit", "validate", "test"])
def test_help_lists_the_names_and_an_unknown_one_ends_with_2(verb, run_fhr, tmp_path):
    help_text = " ".join(run_fhr(tmp_path, verb, "--help").out.split())
    assert f"a configuration of this package: {', '.join(SHIPPED)}" in help_text
    answer = run_fhr(tmp_path, verb, "--config", "cnnn")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"fhr {verb}: --config cnnn: there is no such file")
    assert list(tmp_path.iterdir()) == []
