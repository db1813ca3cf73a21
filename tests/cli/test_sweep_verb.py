"""`fhr sweep`: settings tried by inner folds alone, kept in MLflow, gone on with after a stop."""

import io
import json
import re
import shlex
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from inspect import signature
from pathlib import Path

import pandas as pd
import pytest
import torch
from made_once import Answer

from fhr.cli import sweep_run
from fhr.cli.sweep_space import OF_WINDOWS, as_options, check_settings, read_space
from fhr.cli.sweep_store import SweepStore, Trial
from fhr.datamodules import DatabaseDataModule
from fhr.errors import FHRError
from fhr.evaluation import Choices, InnerScore, Range, inner_aurocs, read_scores
from fhr.tracking import RunFiles, mlflow_client

SPACE = """
model.learning_rate: {low: 1e-3, high: 0.1, log: true}
model.model.n_filters: [2, 4]
data.batch_size: {low: 8, high: 32, step: 8}
"""


@pytest.fixture
def folder(runs, tmp_path, monkeypatch) -> Path:
    """A folder with a space, from which the store of the runs is used."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)
    (tmp_path / "space.yaml").write_text(SPACE)
    return tmp_path


def _score(settings: dict) -> InnerScore:
    """Follows from the settings at once; more filters cannot be built."""
    if settings["model.model.n_filters"] == "4":
        raise ValueError("no room\n for 4 filters")
    rate = settings["model.learning_rate"]
    return InnerScore((0.5 + rate, 0.6 + rate + settings["data.batch_size"] / 1000))


@pytest.fixture(scope="module")
def no_training() -> Iterator[list[dict]]:
    """Settings that were asked for, of trials that train nothing from here on: tests that train stand above."""
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_run._Search, "_score", lambda _, settings: asked.append(settings) or _score(settings))
        yield asked


@pytest.fixture(scope="module")
def options(tiny_config, tmp_path_factory) -> list[object]:
    space = tmp_path_factory.mktemp("space") / "space.yaml"
    space.write_text(SPACE)
    given = ["--config", tiny_config, "--space", space, "--seed", 5, "--inner", 2]
    return [*given, "--trainer.max_epochs", 1, "--data.target", "ph<7.25"]


@pytest.fixture(scope="module")
def whole(runs, run_fhr, options, no_training) -> Answer:
    """A sweep of six trials that nothing has stopped."""
    answer = run_fhr(runs.folder, "sweep", *options, "--trials", 6)
    assert answer.code == 0, answer.err
    return answer


def table(answer) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(answer.out))


def run_id(answer) -> str:
    return re.search(r"^run (\w{32})$", answer.err, re.MULTILINE)[1]


def children(parent: str) -> list:
    store = SweepStore.open(parent)
    return sorted(store.children(), key=lambda run: int(run.data.tags["fhr.trial"]))


def test_a_trial_scores_what_the_held_out_folds_of_a_cross_validation_say(
    runs, folder, run_fhr, tiny_config, births_database
):
    """The same settings were cross-validated: their inner fold of outer fold 0 has the same AUROC, to the bit."""
    (folder / "space.yaml").write_text("model.learning_rate: {low: 0.01, high: 0.010001}\n")  # 0.01 in four digits
    options = ["--config", tiny_config, "--space", folder / "space.yaml", "--trials", 1, "--inner", 1]
    answer = run_fhr(runs.folder, "sweep", *options, "--model.model.n_filters", 2)
    assert answer.code == 0, answer.err
    (trial,) = children(run_id(answer))
    client = mlflow_client()
    experiment = client.get_run(runs.crossval).info.experiment_id
    folds = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{runs.crossval}' and params.fold = '0'")
    raw = read_scores(Path(client.download_artifacts(folds[0].info.run_id, "scores.csv.gz", str(folder))))
    expected = inner_aurocs(raw[raw["use"] == "held_out"], births_database.labels("ph<7.20"))
    assert json.loads(trial.data.tags["fhr.inner_aurocs"]) == expected
    row = table(answer).iloc[0]
    assert (row["trial"], row["state"]) == (0, "finished")
    assert row["auroc"] == pytest.approx(trial.data.metrics["inner/auroc"], abs=1e-4)
    assert trial.data.params == {"model.learning_rate": "0.01"}
    assert trial.info.run_name == "trial 0"


def test_settings_that_cannot_be_built_are_a_reason(runs, folder, run_fhr, tiny_config):
    (folder / "space.yaml").write_text("model.model.n_filters: [none, many]\n")
    answer = run_fhr(
        runs.folder, "sweep", "--config", tiny_config, "--space", folder / "space.yaml", "--trials", 1, "--inner", 1
    )
    assert answer.code == 2
    assert re.search(r"^fhr sweep: each of 1 trials failed; the last: .*n_filters", answer.err, re.MULTILINE)
    assert "usage:" not in answer.err


def test_a_sweep_that_was_stopped_goes_on_as_if_it_had_not_been(runs, folder, run_fhr, options, whole, no_training):
    asked, no_training[:] = no_training[:6], []
    begun = run_fhr(runs.folder, "sweep", *options, "--trials", 3)
    parent, client = run_id(begun), mlflow_client()
    first, _, last = children(parent)
    # a kill leaves a run that is still called RUNNING, and here a trial of long ago is lost too
    client.create_run(
        last.info.experiment_id, tags={"mlflow.parentRunId": parent, "fhr.trial": "3"}, run_name="trial 3"
    )
    client.delete_run(first.info.run_id)
    client.update_run(parent, status="RUNNING")
    answer = run_fhr(runs.folder, "sweep", "--resume", parent, "--trials", 6)
    assert answer.code == 0, answer.err
    columns = ["trial", "state", "auroc", "auroc_se", *("model.learning_rate", "model.model.n_filters"), "reason"]
    pd.testing.assert_frame_equal(table(answer)[columns], table(whole)[columns])
    assert no_training == [*asked[:3], asked[0], *asked[3:]]
    assert len({run.data.tags["fhr.trial"] for run in children(parent)}) == len(children(parent)) == 6
    assert client.get_run(parent).info.status == "FINISHED"
    fewer = run_fhr(runs.folder, "sweep", "--resume", parent, "--trials", 2)
    assert fewer.code == 2
    assert f"--trials 2; run {parent} has 6 already: give as many, or more" in fewer.err
    kept = Path(client.download_artifacts(parent, "trials.csv", str(folder))).read_text()
    assert kept == answer.out
    for run in children(parent):
        trial = json.loads(RunFiles().fetch(run, "trial.json", folder).read_text())
        assert trial["settings"] == json.loads(run.data.tags["fhr.settings"])


@pytest.mark.usefixtures("folder")
def test_what_is_best_is_told_with_its_noise_and_its_command(whole, tiny_config):
    answer, rows = whole, table(whole)
    best = rows.loc[rows["auroc"].idxmax()]
    score = f"{best['auroc']:.3f} +- {best['auroc_se']:.3f}"
    assert f"best: trial {best['trial']}, AUROC {score} (standard error over 2 inner folds)" in answer.err
    assert re.search(r"^noise: two trials differ by 0\.\d{3} ", answer.err, re.MULTILINE)
    assert re.search(r"^luck: the best of \d equally good ones would lie 0\.\d{3} above", answer.err, re.MULTILINE)
    assert "optimistic" in answer.err
    assert "those of outer fold 0 of repeat 0 took no part in the choice and can judge" in answer.err
    assert re.search(r"^judge: .* fit --config .* --data.repeat 0 --data.fold 0$", answer.err, re.MULTILINE)
    (command,) = re.findall(r"^crossval: (.*)$", answer.err, re.MULTILINE)
    given = shlex.split(command)[1:]
    settings = as_options({name: best[name] for name in ("model.learning_rate", "data.batch_size")})
    assert given[:3] == ["crossval", "--config", str(tiny_config)]
    assert given[3:7] == ["--trainer.max_epochs", "1", "--data.target", "ph<7.25"]
    assert set(settings) < set(given[7:])
    failed = rows[rows["state"] == "failed"]
    assert 0 < len(failed) < 6
    assert set(failed["reason"]) == {"no room for 4 filters"}
    assert set(failed["model.model.n_filters"]) == {4}
    assert f"{len(failed)} failed" in answer.err
    for run in children(run_id(answer)):
        assert run.info.status == ("FAILED" if run.data.params["model.model.n_filters"] == "4" else "FINISHED")


def test_a_sweep_ends_where_the_first_trials_all_fail():
    trials = [Trial(k, {"a": k}, None, f"no room {k}") for k in range(5)]
    sweep_run.check_hope(trials[:4])
    sweep_run.check_hope([trials[0]._replace(score=InnerScore((0.5,))), *trials[1:]])
    for more in (trials, [*trials, Trial(5, {"a": 5}, None, "no room 5")]):  # of a resumed sweep there are more
        with pytest.raises(FHRError, match=rf"each of the first {len(more)} trials failed; the last: no room"):
            sweep_run.check_hope(more)


def _after(error: Exception, *, cause: Exception | None = None, context: Exception | None = None) -> Exception:
    error.__context__, error.__cause__ = context, cause
    return error


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "trial 2 .a=1. could not be made here: OutOfMemoryError: CUDA"),
        (MemoryError("no 8 GB"), "MemoryError: no 8 GB; see that there is room"),
        (_after(RuntimeError("loading"), cause=OSError(28, "No space left on device")), "No space left on device"),
        (_after(FHRError("a worker process died"), context=BrokenProcessPool()), "^a worker process died$"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), None),
        (_after(FHRError("a.ckpt: there is no such file"), cause=FileNotFoundError("a.ckpt")), None),
    ],
)
def test_what_the_machine_hinders_is_no_failed_trial(error, ends, monkeypatch):
    """Otherwise it would stay failed, and a resumed sweep would not make it again."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(sweep_run._Search, "_score", fail)
    search = object.__new__(sweep_run._Search)
    if ends is None:
        assert search._tried(2, {"a": 1}).score is None
        return
    with pytest.raises(FHRError, match=ends):
        search._tried(2, {"a": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no settings; write"),
        ("- a\n- b\n", "no settings; write"),
        ("a: [1,\nb: {", "(line 2): no YAML"),
        ("model.learning_rate: 0.1", "model.learning_rate: 0.1 is neither a range nor choices"),
        ("model.learning_rate: {low: 0.1}", "model.learning_rate: no high; a range has low and high"),
        ("model.learning_rate: {lo: 0.1, high: 1}", "model.learning_rate: unknown lo; did you mean low?"),
        ("model.learning_rate: {low: 2, high: 1}", "model.learning_rate: low: 2 is not below high: 1"),
        ("model.learning_rate: [0.1]", "model.learning_rate: 1 choices; give two or more"),
    ],
)
def test_a_mistake_in_the_space_is_one_line(text, message):
    with pytest.raises(FHRError, match=re.escape(message)) as refused:
        read_space(text, "my.yaml")
    assert str(refused.value).startswith("--space my.yaml")
    assert "\n" not in str(refused.value)


CONFIGURATION = {
    "seed_everything": 1,
    "model": {"class_path": "T", "init_args": {"model": {"init_args": {"n_filters": 2}}, "learning_rate": 0.1}},
    "data": {"init_args": {"root": "x", "target": "ph<7.20", "batch_size": 4, "augmentation": None}},
    "trainer": {"max_epochs": 3},
    "procedure": None,
}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.learning_rte", "no setting model.learning_rte; did you mean model.learning_rate?"),
        ("learning_rate", "no setting learning_rate; did you mean model.learning_rate?"),
        ("trainer.epochs", "no setting trainer.epochs; did you mean trainer.max_epochs?"),
        ("nonsense", "no setting nonsense; `fhr fit --config NAME --print_config` shows all"),
        ("procedure", "no setting procedure"),
        ("data.target", "data.target changes what is compared"),
        ("data.init_args.root", "data.init_args.root changes what is compared"),
        ("seed_everything", "seed_everything changes what is compared"),
    ],
)
def test_settings_that_are_not_there_or_change_what_is_compared(name, message):
    with pytest.raises(FHRError, match=re.escape(message)):
        check_settings({name: Range(1, 2)}, CONFIGURATION, "space.yaml")


def test_settings_of_the_data_choose_records_or_say_how_they_are_learnt_from():
    choosing = {"target", "repeat", "fold", "inner", "splits", "seed", "bootstrap", "permute"}
    assert {*signature(DatabaseDataModule).parameters} == {*OF_WINDOWS} | choosing


def test_a_setting_is_known_with_init_args_and_without_and_stands_once():
    choices = Choices(("1", "2"))
    names = ["model.model.n_filters", "model.init_args.learning_rate", "data.batch_size", "model.model"]
    check_settings(dict.fromkeys(names, choices), CONFIGURATION, "s")
    with pytest.raises(FHRError, match="are one setting"):
        check_settings(dict.fromkeys([*names, "model.learning_rate"], choices), CONFIGURATION, "s")


def test_choices_are_texts_as_options_take_them():
    space = read_space("a: [[5, 11], [3]]\nb: [true, null]\nc: [x.Y, 'ph<7']\nd: {low: 1e-4, high: 1}\n", "s.yaml")
    assert space["a"].values == ("[5, 11]", "[3]")
    assert space["b"].values == ("true", "null")
    assert space["c"].values == ("x.Y", "ph<7")
    assert space["d"] == Range(1e-4, 1)
    assert as_options({"a": "[5, 11]", "d": 0.01}) == ["--a=[5, 11]", "--d=0.01"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no --config; give `--config NAME --space FILE.yaml`"),
        (["--config", "cnn"], "no --space; give"),
        (["--config", "cnn", "--space", "nowhere.yaml"], "--space nowhere.yaml: No such file or directory"),
        (["--config", "cnn", "--space", "s.yaml", "--inner", "5"], "--inner 5; an outer fold has 1 to 4 inner folds"),
        (["--config", "cnn", "--space", "s.yaml", "--trials", "0"], "--trials 0; it is at least 1"),
        (["--resume", "x", "--config", "cnn"], "--config: a sweep goes on as it was started"),
        (["--resume", "0" * 32], f"there is no run '{'0' * 32}'"),
    ],
)
def test_a_mistake_of_the_command_line(tmp_path, run_fhr, options, message):
    answer = run_fhr(tmp_path, "sweep", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].startswith("fhr sweep: ")
    assert message in answer.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fold", "7"], "--fold 7; the split has 0 to 4"),
        (["--procedure.lines", "[ridge]"], "`fhr sweep` tunes a network alone"),
    ],
)
def test_a_mistake_is_told_before_the_run_exists(folder, run_fhr, tmp_path, tiny_config, options, message):
    (tmp_path / "empty").mkdir()
    answer = run_fhr(tmp_path / "empty", "sweep", "--config", tiny_config, "--space", folder / "space.yaml", *options)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert not (tmp_path / "empty" / "mlruns").exists()


def test_other_verbs_name_the_one_that_goes_on_with_a_sweep(runs, folder, run_fhr, births):
    client = mlflow_client()
    experiment = client.get_experiment(client.get_run(runs.fit).info.experiment_id).name
    sweep = SweepStore.create(experiment, "begun", {})
    answer = run_fhr(runs.folder, "fit", "--resume", sweep.run_id)
    assert answer.code == 2
    assert f"is a sweep; go on with `fhr sweep --resume {sweep.run_id}`" in answer.err
    predicted = run_fhr(runs.folder, "predict", "--run", sweep.run_id, births / "s0001")
    assert predicted.code == 2
    assert "is a sweep and keeps no network; train one with its best settings first" in predicted.err
    other = run_fhr(runs.folder, "sweep", "--resume", runs.crossval)
    assert "is no sweep; give one that `fhr sweep` made" in other.err
    client.delete_run(sweep.run_id)
