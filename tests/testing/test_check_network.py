"""A sound network passes every check; a broken one fails just the check of the promise that it breaks."""

import os
import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from broken_networks import (
    BatchStatistics,
    CountsInEvaluation,
    DeadParameter,
    Deaf,
    DrawnBesideTheState,
    DrawsFromElsewhere,
    Explodes,
    FlatScores,
    IgnoresAFeature,
    InfiniteGradient,
    KeepsALambda,
    NaNForNoSignal,
    NoLightning,
    OneLength,
    OneOutput,
    PassesOn,
    RandomInEvaluation,
    ReadsUnderTheMask,
    SeedsItself,
    SinglePrecision,
    Sound,
    SoundWithFeatures,
    StartsAtZero,
    TakesAnyFeatures,
    TensorArgument,
)

from fhr.errors import FHRError, NetworkError
from fhr.models import Network
from fhr.testing import CHECKS, check_network

SHORT = {"n_times": 240}
QUICK = {**SHORT, "exclude": {"fit": "slow"}}
BROKEN = [
    (NoLightning, "network", r"NoLightning is no fhr.models.Network; derive it: `class NoLightning\(fhr.models.Netw"),
    (TensorArgument, "specification", "argument offset holds a value of the type Tensor; take numbers, text or lists"),
    (SeedsItself, "seed", "making it seeds a global generator, .*; remove manual_seed"),
    (DrawsFromElsewhere, "seed", "the same seed gives other values of head.bias; draw from the global generators"),
    (FlatScores, "shapes", r"scores of shape \(1,\) for 1 windows and n_outputs=1; `forward` returns \(batch, n_out"),
    (OneOutput, "shapes", r"scores of shape \(1, 1\) for 1 windows and n_outputs=2; .*, \(1, 2\) here"),
    (OneLength, "lengths", "windows of 1200 samples: RuntimeError: .*; pool over all time"),
    (RandomInEvaluation, "repeatable", r"the same windows get other scores .*; draw nothing at random after `eval\(\)"),
    (CountsInEvaluation, "repeatable", r"scoring after `eval\(\)` changes seen; update them in training alone"),
    (BatchStatistics, "companions", r"scores move by \d.* when records are scored alone; .* use no statistic of the"),
    (NaNForNoSignal, "all_missing", "a window without a valid sample gets a score that is not finite; .* clamp it"),
    (ReadsUnderTheMask, "gaps", "scores move by .* when values under a mask of 0 do; weigh by the mask"),
    (Deaf, "measured", "scores stay the same when the measured heart rate does not; let channel 0 reach them"),
    (TakesAnyFeatures, "features", "0 features are not refused by a network of n_features=5; leave `scores` and"),
    (IgnoresAFeature, "features", "feature 4 of 5 changes no score; let `forward` use its second argument"),
    (DeadParameter, "gradients", "no gradient reaches forgotten.bias, forgotten.weight; use it in `forward`"),
    (InfiniteGradient, "gradients", "the gradient of conv.weight, conv.bias is not finite; look for a root"),
    (DrawnBesideTheState, "checkpoint", "read from its checkpoint, it gives other scores; register what it learns"),
    (KeepsALambda, "copies", "pickle fails .*; keep no lambda, local function"),
    (SinglePrecision, "precision", "in double precision: RuntimeError: .*; make tensors in `forward` with the dtype"),
    (Explodes, "fit", "train/loss is nan after two epochs; look for what grows without bound"),
]


@pytest.mark.parametrize("made", [Sound, SoundWithFeatures])
def test_a_sound_network_passes(made):
    checks = check_network(made, **SHORT)
    checks.raise_for_failures()
    assert [outcome.check for outcome in checks] == list(CHECKS)
    not_judged = {outcome.check for outcome in checks if outcome.passed is None}
    assert not_judged == (set() if torch.cuda.is_available() else {"device"})


@pytest.mark.cuda
def test_a_sound_network_passes_on_a_gpu():
    checks = check_network(SoundWithFeatures, **QUICK)
    assert {outcome.check: outcome.passed for outcome in checks}["device"]


@pytest.mark.parametrize("made", [PassesOn, StartsAtZero])
def test_a_sound_network_of_an_unusual_kind_passes(made):
    check_network(made, **QUICK).raise_for_failures()


@pytest.mark.parametrize(("made", "check", "said"), BROKEN, ids=[made.__name__ for made, _, _ in BROKEN])
def test_just_the_meant_check_fails(made, check, said):
    checks = check_network(made, **(SHORT if check == "fit" else QUICK))
    assert checks.failed == (check,), checks
    with pytest.raises(NetworkError, match=rf"{made.__name__} fails 1 of {len(CHECKS)} checks: {check}: {said}"):
        checks.raise_for_failures()
    assert "\n" not in checks[check].said


def test_every_check_has_a_network_that_fails_it():
    assert {check for _, check, _ in BROKEN} == set(CHECKS) - {"device"}


@pytest.mark.parametrize("n_channels", [1, 2])
def test_other_channels(n_channels):
    checks = check_network(Sound, n_channels=n_channels, **(SHORT if n_channels == 1 else QUICK))
    checks.raise_for_failures()
    assert checks["gaps"].passed is (None if n_channels == 1 else True)
    assert checks["gaps"].said == ("one channel has no mask" if n_channels == 1 else "")


@pytest.mark.parametrize(
    ("shapes", "said"),
    [({"n_channels": 5, "n_times": 240}, "1 to 3 channels, not 5"), ({"n_times": 14_401}, "at most 14400 samples")],
)
def test_shapes_that_no_labour_has_are_not_fitted(shapes, said):
    others = dict.fromkeys(set(CHECKS) - {"fit"}, "not asked for")
    checks = check_network(Sound, **shapes, exclude=others)
    assert checks["fit"].passed is None
    assert said in checks["fit"].said


def test_nothing_is_left_behind(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    environment, states = dict(os.environ), (torch.get_rng_state(), random.getstate())
    of_numpy = np.random.get_state()[1].copy()  # noqa: NPY002  # the global one
    with torch.no_grad():
        assert check_network(Sound, **SHORT).passed
        assert not torch.is_grad_enabled()
    assert list(tmp_path.iterdir()) == []
    assert dict(os.environ) == environment
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.array_equal(np.random.get_state()[1], of_numpy)  # noqa: NPY002
    assert capfd.readouterr() == ("", "")


def test_the_table_and_its_words():
    checks = check_network(DeadParameter, **QUICK)
    table = checks.to_frame()
    assert list(table.columns) == ["check", "passed", "said"]
    assert table["check"].tolist() == list(CHECKS)
    assert str(table["passed"].dtype) == "boolean"
    assert table.set_index("check")["passed"][["shapes", "gradients"]].tolist() == [True, False]
    assert table.set_index("check")["passed"].isna()["fit"]
    first, *rows = repr(checks).splitlines()
    assert first.startswith("DeadParameter: ")
    assert "1 failed" in first
    assert len(rows) == len(CHECKS)
    assert any(row.split()[:2] == ["gradients", "FAILED"] for row in rows)
    assert check_network(Sound, **QUICK).raise_for_failures() is None


def test_a_check_that_rests_on_a_failed_one_is_not_judged():
    checks = check_network(FlatScores, **QUICK)
    assert checks["gaps"].passed is None
    assert checks["gaps"].said == "rests on `repeatable`, mend that first"
    assert checks["repeatable"].said == "rests on `shapes`, mend that first"
    assert checks["seed"].passed


def test_exclusions_need_a_known_name_and_a_reason():
    checks = check_network(DeadParameter, **SHORT, exclude={"gradients": "kept for old files", "fit": "slow"})
    assert checks.passed
    assert checks["gradients"].said == "excluded: kept for old files"
    with pytest.raises(FHRError, match=r"exclude=\['gradient'\]: no such check; choose from network, specification"):
        check_network(Sound, exclude={"gradient": "because"})
    with pytest.raises(FHRError, match="a check is excluded with a reason; say why in words"):
        check_network(Sound, exclude={"gradients": " "})


class Trained(pl.LightningModule):
    pass


def test_what_is_no_factory_of_networks_is_refused_with_advice():
    with pytest.raises(FHRError, match=r"Trained is a LightningModule; .* derive the network from fhr.models.Network"):
        check_network(Trained)
    with pytest.raises(FHRError, match=r"a Sound that is made already; give the class or a function: check_network\(S"):
        check_network(Sound())
    with pytest.raises(FHRError, match=r"'fhr\.models\.InceptionNet' makes no network; give a class"):
        check_network("fhr.models.InceptionNet")
    with pytest.raises(FHRError, match="n_features=3 and Sound has no such argument; leave it out, or add"):
        check_network(Sound, n_features=3)
    with pytest.raises(FHRError, match="n_times=59, n_features=0; give one channel, one output and 60 samples or more"):
        check_network(Sound, n_times=59)


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (lambda: Trained(), "Trained is a LightningModule"),
        (lambda: "text", "the factory gave a str; let it return a network"),
        (lambda n_channels: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda **options: Sound(width=-1, **options), "RuntimeError: "),
        (Network, "it has no `forward`; write one from"),
    ],
)
def test_what_a_function_makes_is_looked_at(factory, said):
    checks = check_network(factory, **SHORT)
    assert checks.failed == ("network",)
    assert checks["network"].said.startswith(said)
    assert {outcome.passed for outcome in checks} == {False, None}


def test_functions_and_partials_are_told_what_they_take():
    told = []

    def make(n_outputs: int, **options: int) -> Network:
        told.append(options)
        return Sound(n_outputs=n_outputs, **options)

    assert check_network(make, **QUICK).passed
    assert all(options == {"n_channels": 3} for options in told)
    assert check_network(partial(SoundWithFeatures, n_outputs=1), **QUICK, n_features=2).passed


def test_a_class_within_a_function_has_no_checkpoint():
    class Local(Sound):
        pass

    checks = check_network(Local, **QUICK)
    assert checks.failed == ("checkpoint", "copies")
    assert "network class" in checks["checkpoint"].said
    assert "define the class at the top of a module" in checks["checkpoint"].said


def test_what_another_process_needs_is_said(monkeypatch):
    said = check_network(Sound, **QUICK)["checkpoint"].said
    assert said.startswith("another process reads its checkpoint with FHR_TRUST=broken_networks")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    monkeypatch.setattr(Sound, "__module__", "__main__")
    monkeypatch.setattr("__main__.Sound", Sound, raising=False)
    assert check_network(Sound, **QUICK)["checkpoint"].said.startswith("no other process can import __main__")
