"""What a cross-validation says on stderr: steps, then results, and last the commands to go on with, which work."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from fhr.cli import next_commands


@pytest.fixture
def last(runs) -> dict[str, str]:
    """The commands of the last lines, by the word in front of them."""
    lines = runs.answers["crossval"].err.splitlines()[-3:]
    return dict(line.split(maxsplit=1) for line in lines)


def test_the_last_lines_are_three_commands(last):
    assert list(last) == ["predict:", "runs:", "look:"]


def test_predict_and_runs_do_as_they_are_given(runs, last, run_fhr):
    program, *rest = shlex.split(last["predict:"])
    assert Path(program).name == "fhr"
    answer = run_fhr(runs.folder, *rest)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[1].startswith(f"{Path(rest[-1]).name},")
    answer = run_fhr(runs.folder, *shlex.split(last["runs:"])[1:])
    assert answer.code == 0
    assert runs.crossval in answer.out


def test_look_is_the_verb_that_shows_the_runs(last):
    program, *rest = shlex.split(last["look:"])
    assert (Path(program).name, rest) == ("fhr", ["ui"])


def test_a_program_of_this_environment_is_found_by_name_or_by_path(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    for name in ("python", "fhr"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert next_commands.program("fhr") == "bin/fhr"
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert next_commands.program("fhr") == "fhr"


def test_the_table_comes_before_them_with_the_network_first(runs):
    table = runs.answers["crossval"].out.splitlines()
    assert table[0].startswith("model,")
    assert table[1].startswith("InceptionNet")
    err = runs.answers["crossval"].err
    steps = ["outer folds of", "baselines on the same folds", "report: ", "run ", "AUROC", "predict: "]
    found = [err.index(text) for text in steps]
    assert found == sorted(found)


def test_every_warning_of_a_calibrator_names_its_model_and_stands_once(runs):
    warned = re.findall(r"^WARNING fhr\.calibration\.calibrator: (.*?): ", runs.answers["crossval"].err, re.MULTILINE)
    assert all(name.endswith(", ph<7.20") for name in warned)
    assert len(warned) == len(set(warned))
