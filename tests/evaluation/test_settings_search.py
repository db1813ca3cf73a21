"""The next settings of a search: a function of the space, the seed and what was tried."""

import sys

import pytest

from fhr.errors import FHRError
from fhr.evaluation import Choices, Range, Tried, next_settings

SPACE = {
    "rate": Range(1e-4, 1e-1, log=True),
    "width": Range(2, 16),
    "kernel": Choices(("3", "5")),
    "dropout": Range(0.0, 0.5, step=0.1),
}


def searched(n: int, seed: int, tried: tuple[Tried, ...] = (), space=SPACE, score=lambda s: -abs(s["width"] - 9)):
    trials = list(tried)
    while len(trials) < n:
        settings = next_settings(space, trials, seed)
        if settings is None:
            break
        trials.append(Tried(settings, score(settings)))
    return trials


def test_the_same_seed_tries_the_same_settings_however_often_it_was_stopped():
    whole = searched(14, seed=3)
    assert searched(14, seed=3, tried=tuple(whole[:5])) == whole
    assert searched(14, seed=3, tried=tuple(whole[:12])) == whole
    assert searched(3, seed=4)[0] != whole[0]


def test_values_lie_within_their_bounds_with_few_digits():
    for settings, _ in searched(20, seed=0):
        assert 1e-4 <= settings["rate"] <= 1e-1
        assert float(f"{settings['rate']:.4g}") == settings["rate"]
        assert settings["width"] in range(2, 17)
        assert settings["kernel"] in ("3", "5")
        assert round(settings["dropout"], 1) in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def test_the_search_finds_what_is_better():
    found = searched(40, seed=1, space={"x": Range(-10.0, 10.0)}, score=lambda s: -((s["x"] - 3) ** 2))
    at_random, guided = found[:10], found[20:]
    assert max(guided, key=lambda one: one.score).settings["x"] == pytest.approx(3, abs=0.3)
    near = [sum(abs(one.settings["x"] - 3) < 2 for one in some) / len(some) for some in (at_random, guided)]
    assert near[1] > near[0] + 0.3


def test_a_small_space_is_tried_once_and_no_more():
    space = {"a": Choices(("x", "y")), "b": Range(1, 3)}
    trials = searched(20, seed=0, space=space, score=lambda s: s["b"])
    assert len(trials) == 6
    assert len({tuple(one.settings.items()) for one in trials}) == 6


def test_settings_that_failed_are_not_tried_again_and_guide_nothing():
    space = {"b": Range(1, 4)}
    trials = searched(4, seed=0, space=space, score=lambda s: None if s["b"] % 2 else float(s["b"]))
    assert sorted(one.settings["b"] for one in trials) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Range(3, 1), "low: 3 is not below high: 1"),
        (lambda: Range(0, 1, log=True), "a logarithm needs bounds above 0"),
        (lambda: Range("a", 1), "low: 'a' is no number"),
        (lambda: Range(True, 3), "low: True is no number"),
        (lambda: Range(0.1, float("inf")), "high: inf is no number"),
        (lambda: Range(1, 9, step=0), "step: 0; give a step above 0"),
        (lambda: Range(1, 9, log=True, step=2), "step: 2 beside log: true"),
        (lambda: Range(8, 30, step=8), "does not meet high: 30; give high: 24,"),
        (lambda: Range(0.1, 0.95, step=0.2), "give high: 0.9, or"),
        (lambda: Range(1, 9, log="yes"), "log: 'yes'; give true or false"),
        (lambda: Choices(("a",)), "1 choices; give two or more"),
        (lambda: Choices(("a", "b", "a")), "a stands twice"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(made, message):
    with pytest.raises(FHRError, match=message):
        made()


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(FHRError, match=r"pip install 'intrapartum-fhr\[sweep\]'"):
        next_settings(SPACE, [], 0)
