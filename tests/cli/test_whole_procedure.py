"""`fhr crossval` of a configuration that combines its network with lines: one row, each part beside it."""

import io
import re

import numpy as np
import pandas as pd
import pytest
import yaml

import fhr
from fhr.cli import crossval_run
from fhr.cli.configurations import shipped_configurations
from fhr.evaluation import BASELINES, feature_table, lines

MAD, KERNEL = lines(["mad", "kernel"])


def told(recordings, features):
    """Features that tell the pH with noise, for the real ones take longer than all else."""
    ph = np.array([[recording.outcome.ph] for recording in recordings])
    drawn = np.random.default_rng(0).normal(scale=0.1, size=(len(ph), len(features.names)))
    return pd.DataFrame(ph + drawn, [recording.name for recording in recordings], features.names)


@pytest.fixture
def whole_config(tiny_config, tmp_path):
    configuration = yaml.safe_load(tiny_config.read_text(encoding="utf-8"))
    configuration["procedure"] = {"lines": ["kernel", "mad"], "by": "mean"}
    path = tmp_path / "whole.yaml"
    path.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    return path


@pytest.mark.training
def test_network_and_lines_are_one_row_with_each_of_them_beside_it(
    whole_config, births, plain_report, run_fhr, tmp_path, monkeypatch
):
    monkeypatch.setattr(crossval_run, "feature_table", feature_table)
    answer = run_fhr(tmp_path, "crossval", "--config", whole_config, "--inner", 1, "--out", "oof.csv")
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("model")
    assert table.index.tolist() == [
        "whole procedure (InceptionNet + mad + kernel, mean)",
        "InceptionNet, alone",
        f"{MAD.name}, alone",
        "kernel line, alone",
        BASELINES[-1].name,
    ]
    assert table["auroc"].iloc[0] > table["auroc"].loc["InceptionNet, alone"]
    assert len(pd.read_csv(tmp_path / "oof.csv")) == 120
    assert re.search("^predict: ", answer.err, re.MULTILINE)
    (run_id,) = re.findall("^run ([0-9a-f]+)$", answer.err, re.MULTILINE)
    birth = births / "s0001"
    predicted = run_fhr(tmp_path, "predict", "--run", run_id, birth)
    assert predicted.code == 0, predicted.err
    (row,) = pd.read_csv(io.StringIO(predicted.out)).to_dict("records")
    assert run_fhr(tmp_path, "export", run_id, "whole.fhrrun").code == 0
    prediction = fhr.load(tmp_path / "whole.fhrrun").predict(fhr.read(birth))
    assert prediction.probability == pytest.approx(row["probability"], abs=1e-4)
    assert prediction.model.of == "out_of_fold_auroc"
    evaluated = run_fhr(tmp_path, "evaluate", run_id, births, "--out", tmp_path / "report")
    assert "in training" in evaluated.err or "learnt from" in evaluated.err, evaluated.err


@pytest.mark.training
def test_a_network_on_the_kernel_line_knows_what_the_line_does(
    whole_config, births, plain_report, run_fhr, tmp_path, monkeypatch
):
    monkeypatch.setattr(crossval_run, "feature_table", told)
    monkeypatch.setattr(crossval_run, "BESIDE", (KERNEL,))
    own = ["--procedure.lines", "[]", "--procedure.residual_on", "kernel", "--trainer.max_epochs", 1]
    answer = run_fhr(tmp_path, "crossval", "--config", whole_config, "--inner", 1, *own)
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("model")
    assert table.index.tolist() == ["InceptionNet on the kernel line (1 inner networks)", "kernel line"]
    assert table["auroc"].min() > 0.85  # which one epoch of a tiny network cannot
    assert not re.search("^predict: ", answer.err, re.MULTILINE)  # a checkpoint would hold the network alone
    (run_id,) = re.findall("^run ([0-9a-f]+)$", answer.err, re.MULTILINE)
    assert "is a cross-validation that kept no model" in run_fhr(tmp_path, "predict", "--run", run_id, births).err


@pytest.mark.training
def test_a_head_of_the_lines_stands_on_the_embedding_of_the_network(whole_config, plain_report, run_fhr, tmp_path):
    own = ["--procedure.lines", "[]", "--procedure.head", "ridge", "--trainer.max_epochs", 1]
    answer = run_fhr(tmp_path, "crossval", "--config", whole_config, "--inner", 1, *own)
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("model")
    assert table.index[0] == "InceptionNet, ridge head (1 inner networks)"
    assert not re.search("^predict: ", answer.err, re.MULTILINE)  # a checkpoint would hold the network's own head
    both = run_fhr(tmp_path, "crossval", "--config", whole_config, *own, "--procedure.residual_on", "kernel")
    assert both.code == 2
    assert "`head: ridge` with `residual_on: kernel`; each says what the network serves" in both.err


@pytest.mark.training
def test_the_embedding_of_the_network_is_a_kernel_of_the_line(
    whole_config, plain_report, run_fhr, tmp_path, monkeypatch
):
    monkeypatch.setattr(crossval_run, "feature_table", told)
    monkeypatch.setattr(crossval_run, "BESIDE", (KERNEL,))
    own = ["--procedure.lines", "[]", "--procedure.embedding_in", "kernel", "--trainer.max_epochs", 1]
    answer = run_fhr(tmp_path, "crossval", "--config", whole_config, "--inner", 1, *own)
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("model")
    assert table.index.tolist() == ["InceptionNet in the kernel line (1 inner networks)", "kernel line"]
    assert table["auroc"].min() > 0.85
    assert table["auroc"].iloc[0] != table["auroc"].iloc[1]
    assert not re.search("^predict: ", answer.err, re.MULTILINE)  # a checkpoint would hold the network alone
    unknown = run_fhr(tmp_path, "crossval", "--config", whole_config, "--procedure.embedding_in", "ridge")
    assert "`embedding_in: ridge` is no kernel line; take one of kernel, kernel-parity" in unknown.err


def test_what_is_of_a_network_alone_refuses_a_procedure(whole_config, run_fhr, tmp_path):
    fit = run_fhr(tmp_path, "fit", "--config", whole_config)
    assert fit.code == 2
    assert "`fhr fit` trains a network alone; give it to `fhr crossval`" in fit.err
    permuted = run_fhr(tmp_path, "crossval", "--config", whole_config, "--data.init_args.permute", 3)
    assert permuted.code == 2
    assert "`--data.permute` is for a network alone" in permuted.err
    beneath = run_fhr(tmp_path, "crossval", "--config", whole_config, "--procedure.residual_on", "mad")
    assert beneath.code == 2
    assert "`residual_on: mad` is no kernel line; take one of kernel, kernel-parity" in beneath.err
    whole_config.write_text(whole_config.read_text(encoding="utf-8").replace("- mad", "- nothing"), encoding="utf-8")
    unknown = run_fhr(tmp_path, "crossval", "--config", whole_config)
    assert unknown.code == 2
    assert "baseline 'nothing'; there are" in unknown.err


def test_the_shipped_configuration_names_lines_that_are_there():
    given = yaml.safe_load(shipped_configurations()["whole"].read_text(encoding="utf-8"))["procedure"]
    assert [line.slug for line in lines(given["lines"])] == ["logistic", "ridge", "kernel"]
    assert given["by"] == "mean"


def test_a_line_without_features_of_some_recording_is_left_out_and_said(caplog):
    table = pd.DataFrame(index=["a", "b"])
    assert crossval_run.has_features(KERNEL, lambda: table, ["a", "b"])
    assert crossval_run.has_features(MAD, lambda: pytest.fail("a baseline has a table of its own"), ["c"])
    with caplog.at_level("WARNING", logger="fhr"):
        assert not crossval_run.has_features(KERNEL, lambda: table, ["a", "b", "c"])
    assert caplog.messages == ["no kernel line beside the network: it has no features of c"]
