"""Warnings name what they are of, and come once; steps are plain lines."""

import io
import logging
from contextlib import redirect_stderr

import pytest

from fhr.cli.messages import messages, say
from fhr.compute import concerning, tell

_log = logging.getLogger("fhr.calibration.calibrator")


@pytest.fixture
def said(monkeypatch):
    """`said(verbosity, act)`: what stands on stderr after `act()`."""
    root, ours = logging.getLogger(), logging.getLogger("fhr")
    level = ours.level

    def run(verbosity, act):
        err = io.StringIO()
        monkeypatch.setattr(root, "handlers", [])  # here: pytest puts its own on it for every phase of a test
        with redirect_stderr(err), messages("fhr crossval", verbosity):
            act()
        return err.getvalue().splitlines()

    yield run
    ours.setLevel(level)


def warn_of_two_folds():
    for value in (0.1, 0.2):
        _log.warning("the wrong way round by %g", value)


def test_of_each_model_a_warning_comes_once_with_its_name(said):
    def act():
        for _ in range(2):
            for name in ("InceptionNet, ph<7.20", "signal loss, ph<7.20"):
                with concerning(name):
                    warn_of_two_folds()

    assert said(0, act) == [
        "WARNING fhr.calibration.calibrator: InceptionNet, ph<7.20: the wrong way round by 0.1",
        "WARNING fhr.calibration.calibrator: signal loss, ph<7.20: the wrong way round by 0.1",
    ]


def test_what_is_of_no_model_is_told_of_each_record_once(said):
    def act():
        for record in ("1001", "1002", "1001"):
            _log.warning("left out %s", record)
        with concerning("a network"):
            _log.warning("left out %s", "1002")

    assert [line[-4:] for line in said(0, act)] == ["1001", "1002"]


def test_what_comes_of_a_verb_is_told_as_it_is_unless_it_is_to_be_quiet(said):
    assert said(0, lambda: say("finished", "look")) == ["finished", "look"]
    assert said(-1, lambda: say("finished", "look")) == []


def test_steps_are_plain_lines_unless_it_is_to_be_quiet(said):
    assert said(0, lambda: tell("model %d of 2", 1)) == ["fhr crossval: model 1 of 2"]
    assert said(-1, lambda: tell("model %d of 2", 1)) == []
    assert not logging.getLogger("fhr.steps").isEnabledFor(logging.INFO)
