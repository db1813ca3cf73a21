"""`-q` and `-v` before and after any verb, and what was meant by a verb that there is not."""

import logging
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

cli = import_module("fhr.cli.command_line")
ROOT = Path(__file__).resolve().parents[2]
VERBS = [*cli._TRAINING, *cli._VERBS]


@pytest.mark.parametrize(
    ("given", "amount", "rest"),
    [
        (["info", "."], 0, ["info", "."]),
        (["-v", "info", "."], 1, ["info", "."]),
        (["info", ".", "-v"], 1, ["info", "."]),
        (["-v", "info", "-v", "."], 2, ["info", "."]),
        (["info", "-vv", "."], 2, ["info", "."]),
        (["--verbose", "info", ".", "--quiet"], 0, ["info", "."]),
        (["info", "-qq"], -2, ["info"]),
        (["info", "--", "-v"], 0, ["info", "--", "-v"]),
        (["test", "--verbose", "true", "-q"], -1, ["test", "--verbose", "true"]),
        (["test", "--verbose=false"], 0, ["test", "--verbose=false"]),
        (["fit", "--seed_everything", "-1"], 0, ["fit", "--seed_everything", "-1"]),
        (["info", "-vx"], 0, ["info", "-vx"]),
    ],
)
def test_how_much_is_to_be_said(given, amount, rest):
    assert cli._take_verbosity(given) == (amount, rest)


@pytest.mark.parametrize("verb", VERBS)
def test_every_help_names_both(run_fhr, tmp_path, verb):
    answer = run_fhr(tmp_path, verb, "-q", "--help", "-v")
    assert answer.code == 0
    assert re.search("^ +-v(, --verbose)? +say more", answer.out, re.MULTILINE)
    assert "-q, --quiet" in answer.out


@pytest.mark.parametrize("place", ["before", "after"])
def test_verbose_says_what_is_read_and_where_results_go(run_fhr, simulated_folder, tmp_path, place):
    for option, expected in (("-q", None), ("-v", "INFO"), ("-vv", "DEBUG")):
        rest = ["info", simulated_folder, "--out", "t.csv"]
        answer = run_fhr(tmp_path, *([option, *rest] if place == "before" else [*rest, option]))
        assert (answer.code, answer.out) == (0, "")
        if expected is None:
            assert answer.err == ""
            continue
        assert f"INFO fhr.datasets.paths: read 60 recordings of {simulated_folder}, 0 left out" in answer.err
        assert "INFO fhr.cli.tables: wrote t.csv" in answer.err
        assert ("DEBUG fhr: " in answer.err) == (expected == "DEBUG")


def test_stdout_is_the_same_however_much_is_said(run_fhr, births, runs):
    arguments = ["predict", births / "s0001", "--run", runs.fit]
    plain, verbose = run_fhr(runs.folder, *arguments), run_fhr(runs.folder, *arguments, "-vv")
    assert plain.out == verbose.out
    assert (plain.err, plain.code, verbose.code) == ("", 0, 0)
    assert f"INFO fhr.prediction.loading: {runs.fit}: 1 models, on cpu" in verbose.err


@pytest.mark.parametrize(
    ("given", "meant"),
    [("simulat", "simulate"), ("predit", "predict"), ("plots", "plot"), ("crosval", "crossval"), ("fitt", "fit")],
)
def test_what_was_meant(run_fhr, tmp_path, given, meant):
    answer = run_fhr(tmp_path, given, "--n", "3")
    assert (answer.code, answer.out) == (2, "")
    assert f"unknown verb {given!r}; did you mean {meant!r}? `fhr --help` lists them" in answer.err


def test_nothing_close_is_guessed(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "xyzzy")
    assert (answer.code, "did you mean" in answer.err) == (2, False)


def test_nothing_given_shows_the_help_as_a_mistake(run_fhr, tmp_path):
    answer, helped = run_fhr(tmp_path), run_fhr(tmp_path, "--help")
    assert (answer.code, answer.out, answer.err) == (2, "", helped.out)
    assert helped.code == 0


def test_the_settings_of_a_fit_are_explained_at_length(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "fit", "--help-all")
    assert answer.code == 0
    assert "--trainer.max_epochs" in answer.out


@pytest.mark.process
def test_importing_configures_no_logging(tmp_path):
    code = "import fhr.cli, fhr.tracking, fhr.features, fhr.prediction, logging; "
    code += "print(logging.getLogger().handlers, logging.getLogger('fhr').handlers, logging.getLogger('fhr').level)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout == f"[] [] {logging.NOTSET}\n"
