"""`datamodules` is `fhr.datamodules`: in a clone, in an installed package, on command lines, in older runs."""

import importlib
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from warm_python import python

import fhr
from fhr.cli.class_paths import with_current_class_paths
from fhr.tracking import find_run

ROOT = Path(__file__).resolve().parents[2]
FIT = """
import sys
from pathlib import Path
from fhr.cli import main
code = main(["fit", *sys.argv[2:], "--data.init_args.n", "60", "--trainer.fast_dev_run", "true"])
assert code == 0, code
import datamodules, fhr.datamodules
assert datamodules is fhr.datamodules
files = [Path(module.__file__) for name, module in sys.modules.items() if name.split(".")[0] in ("fhr", "datamodules")]
assert files and all(file.is_relative_to(sys.argv[1]) for file in files), files
"""


@pytest.fixture
def current(monkeypatch):
    """`datamodules` is not imported yet; afterwards it is what it was."""
    for name in [name for name in sys.modules if name.split(".")[0] == "datamodules"]:
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "datamodules"]:
        del sys.modules[name]


@pytest.mark.skipif(not (ROOT / "datamodules" / "base.py").is_file(), reason="the clone has no links")
def test_at_the_root_of_a_clone_it_makes_no_copies(current, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    spec = importlib.util.find_spec("datamodules")
    assert Path(spec.origin) == ROOT / "datamodules" / "__init__.py"
    with pytest.warns(FutureWarning, match="datamodules is fhr.datamodules now") as said:
        package = importlib.import_module("datamodules")
    assert len(said) == 1
    assert package is importlib.import_module("fhr.datamodules")
    names = {path.stem for path in (ROOT / "datamodules").glob("*.py")} - {"__init__"}
    assert len(names) > 5
    for name in names:
        assert importlib.import_module(f"datamodules.{name}") is importlib.import_module(f"fhr.datamodules.{name}")


@pytest.mark.process
def test_an_installed_package_trains_in_an_empty_folder_by_its_own_configuration_and_an_old_class_path(tmp_path):
    site, empty = tmp_path / "site", tmp_path / "empty"
    shutil.copytree(ROOT / "fhr", site / "fhr", ignore=shutil.ignore_patterns("__pycache__"))
    empty.mkdir()
    arguments = [str(site), "--config", "simulated", "--data", "datamodules.SimulatedDataModule"]
    answer = python("-c", FIT, *arguments, folder=empty, environment={**os.environ, "PYTHONPATH": str(site)})
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.count("datamodules is fhr.datamodules now") == 1
    assert "FutureWarning" not in answer.stderr  # the log says it
    assert list(empty.iterdir()) == []


def test_an_old_configuration_is_dumped_with_the_path_of_today(current, run_fhr, tmp_path):
    text = (ROOT / "fhr" / "configs" / "simulated.yaml").read_text(encoding="utf-8")
    (tmp_path / "old.yaml").write_text(text.replace("fhr.datamodules.", "datamodules."))
    answer = run_fhr(tmp_path, "fit", "--config", "old.yaml", "--print_config")
    assert answer.code == 0, answer.err
    assert yaml.safe_load(answer.out)["data"]["class_path"] == "fhr.datamodules.SimulatedDataModule"


def test_a_run_that_names_the_old_path_is_tested(current, runs, run_fhr, monkeypatch):
    monkeypatch.chdir(runs.folder)
    path = Path(find_run(runs.fit).info.artifact_uri.removeprefix("file://")) / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert "class_path: fhr.datamodules." in text
    path.write_text(text.replace("class_path: fhr.datamodules.", "class_path: datamodules."), encoding="utf-8")
    try:
        answer = run_fhr(runs.folder, "test", "--run", runs.fit)
    finally:
        path.write_text(text, encoding="utf-8")
    assert (answer.code, answer.out) == (0, runs.answers["test"].out)
    assert sys.modules["datamodules"] is sys.modules["fhr.datamodules"]


def test_old_and_new_paths_of_a_class_compare_as_equal(current):
    def configuration(path):
        return {"data": {"class_path": path, "init_args": {"n": 3}}, "callbacks": [{"class_path": path}, 1]}

    new = configuration("fhr.datamodules.CTUUHBDataModule")
    assert with_current_class_paths(configuration("datamodules.CTUUHBDataModule")) == new
    assert with_current_class_paths(new) == new
    other = configuration("datamodules_of_others.CTUUHBDataModule")
    assert with_current_class_paths(other) == other


def test_somebody_elses_package_is_not_hidden_and_keeps_its_paths(current, run_fhr, tmp_path, monkeypatch):
    (tmp_path / "datamodules.py").write_text(
        "import fhr.datamodules\nclass Mine(fhr.datamodules.SimulatedDataModule): ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    answer = run_fhr(tmp_path, "fit", "--config", "simulated", "--data", "datamodules.Mine", "--print_config")
    assert answer.code == 0, answer.err
    assert yaml.safe_load(answer.out)["data"]["class_path"] == "datamodules.Mine"
    mine = {"class_path": "datamodules.Mine"}
    assert with_current_class_paths(mine) == mine
    assert not hasattr(fhr.datamodules, "Mine")
