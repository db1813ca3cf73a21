"""Where torch computes: names, what is not there, and what cannot compute in 64 bits."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fhr.compute import check_device, device, pick_device
from fhr.errors import FHRError
from fhr.features import FeatureSet
from fhr.multiscale.inputs import check_precision
from fhr.processes import fbm


def present(*devices):
    return lambda: [*devices, "cpu"]


def works_on(*devices):
    return lambda name: None if name in devices else "it is broken"


def test_the_cpu_is_always_there():
    assert pick_device("cpu") == "cpu"
    assert pick_device("cpu", float64=True) == "cpu"


@pytest.mark.parametrize("name", ["", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:0001", "cpu\n", "cuda:0;rm"])
def test_a_name_that_is_none(name):
    with pytest.raises(FHRError, match="choose auto, cpu, cuda, cuda:N or mps"):
        pick_device(name)


def test_a_name_is_checked_without_the_device():
    assert [check_device(name) for name in ("cuda", "cuda:17", "mps", "auto")] == ["cuda", "cuda:17", "mps", "auto"]


@pytest.mark.parametrize(
    ("there", "works", "picked"),
    [
        (("cuda", "mps"), ("cuda", "mps"), "cuda"),
        (("mps",), ("mps",), "mps"),
        ((), (), "cpu"),
        (("cuda", "cuda:1"), ("cuda:1",), "cuda:1"),
        (("cuda", "mps"), (), "cpu"),
    ],
)
def test_auto_takes_the_first_that_works_and_says_what_does_not(monkeypatch, caplog, there, works, picked):
    monkeypatch.setattr(device, "_present", present(*there))
    monkeypatch.setattr(device, "_hindrance", works_on(*works, "cpu"))
    assert pick_device("auto") == picked
    broken = [name for name in there[: [*there, "cpu"].index(picked)] if name not in works]
    assert [record.args[0] for record in caplog.records] == broken


def test_work_in_64_bits_is_never_silently_put_elsewhere(monkeypatch, caplog):
    monkeypatch.setattr(device, "_present", present("mps"))
    monkeypatch.setattr(device, "_hindrance", works_on("mps", "cpu"))
    assert pick_device("auto", float64=True) == "cpu"
    assert caplog.records[0].levelno == logging.WARNING
    assert "no 64-bit floats" in caplog.text
    with pytest.raises(FHRError, match=r"mps has no 64-bit floats.* give cpu or auto"):
        pick_device("mps", float64=True)
    with pytest.raises(FHRError, match="no 64-bit floats; move it to the CPU"):
        check_precision(torch.device("mps"), torch.float64)
    check_precision(torch.device("mps"), torch.float32)


def test_what_is_asked_for_and_not_there_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(device, "_present", present("cuda"))
    monkeypatch.setattr(device, "_hindrance", works_on("cuda", "cpu"))
    with pytest.raises(FHRError, match=r"device cuda:3 is not to be had here \(it is broken\); there is cuda, cpu, or"):
        pick_device("cuda:3")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_no_cuda_here():
    with pytest.raises(FHRError, match=r"device cuda is not to be had here \(.+\); there is cpu, or give auto"):
        pick_device("cuda")
    assert not torch.cuda.is_initialized()


def test_features_are_computed_where_they_are_asked_for(monkeypatch):
    asked = []

    def to(tensor, place):
        asked.append(place)
        return tensor

    monkeypatch.setattr(torch.Tensor, "to", to)
    features, x = FeatureSet(groups=("multiscale",), minutes=15), 140 + fbm(3600, 0.5, seed=1)[None]
    with monkeypatch.context() as patched:
        patched.setattr("fhr.multiscale.analyze", _analysed)
        features.compute(x, x, device="cuda")
    assert asked == ["cuda"]


def _analysed(x, **_):
    """What `analyze` gives of some windows, as far as the columns need it."""
    one, several = torch.zeros(len(x)), torch.zeros(len(x), 3)
    return SimpleNamespace(hurst=one, h_min=one, eta_p=one, log_cumulants=several, r_squared=several)


def test_tensors_give_the_numbers_of_arrays():
    features, x = FeatureSet(groups=("multiscale",), minutes=15), 140 + fbm(3600, 0.5, size=2, seed=1)
    x[0, 100:200] = np.nan
    # "cpu:0" is no name of a user's; it takes the way of any device, through a tensor.
    np.testing.assert_array_equal(features.compute(x, x, device="cpu:0"), features.compute(x, x))


@pytest.mark.cuda
def test_features_on_cuda():
    assert pick_device("auto") == "cuda"
    features, x = FeatureSet(groups=("multiscale",), minutes=15), 140 + fbm(3600, 0.5, size=3, seed=1)
    np.testing.assert_allclose(features.compute(x, x, device="cuda"), features.compute(x, x), rtol=1e-9, atol=1e-9)
