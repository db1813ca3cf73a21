"""Checks that a network is found again: in a file, in a copy, in another process, on another device."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import fhr
from fhr.models import CheckpointCard, Network
from fhr.models.network_checkpoint import NetworkCheckpoint
from fhr.models.specification import TRUSTED
from fhr.preprocessing import Pipeline

from .outcomes import FailedCheckError, NotJudgedError
from .subject import Subject, is_close, one_line, seed_everything

__all__ = ["checkpoint", "copies", "device", "precision", "specification"]


def specification(subject: Subject) -> None:
    """A network is made from plain types alone: numbers, text, True, False, None, lists and tables of them.

    They stand in the checkpoint, in the configuration and in MLflow, and nothing else may: a file that can hold any
    object can run any code.
    """
    for name, value in subject.make().specification["init_args"].items():
        if (odd := _not_plain(value)) is not None:
            raise FailedCheckError(
                f"argument {name} holds {odd}; take numbers, text or lists, and make the rest from them in `__init__`"
            )


def checkpoint(subject: Subject) -> str:
    """A trained network comes back from its checkpoint file with the same weights and scores.

    The file names the class. It is found under this name in its module, which `fhr.models` holds, or which is
    imported already, or which the environment variable `FHR_TRUST` names. What a network learnt or drew stands in its
    `state_dict`: a parameter or a buffer, no plain attribute.
    """
    network = subject.trained
    card = CheckpointCard(
        network=network.specification,
        pipeline=Pipeline().to_dict(),
        target="ph<=7.15",
        prevalence=0.5,
        learnt_from=("0" * 64,),
        data="made up",
        splits="made up",
        fold=(0, 0, 0),
        epochs=1,
        calibrator=None,
        version=fhr.__version__,
    )
    content: dict[str, Any] = {"state_dict": {f"model.{key}": value for key, value in network.state_dict().items()}}
    card.write(content)
    seed_everything(2)  # other than the network's own: nothing drawn anew may pass for what was kept
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.ckpt"
        torch.save(content, path)
        try:
            stored = NetworkCheckpoint.load(path)
            again = stored.model()
        except Exception as error:
            said = one_line(error).replace(f"{path}: ", "")
            raise FailedCheckError(
                f"its checkpoint cannot be read: {said}; define the class at the top of a module, under its own name"
            ) from None
    if stored.card.network != network.specification:
        raise FailedCheckError(
            f"the checkpoint holds other arguments: {stored.card.network}; take lists in place of tuples"
        )
    _compare(subject, again, "read from its checkpoint", "register what it learns or draws as parameter or buffer")
    return _from_elsewhere(type(network).__module__)


def copies(subject: Subject) -> None:
    """`copy.deepcopy` and `pickle` give whole networks.

    Retrainings start from copies, and folds of a cross-validation go to other processes and machines as pickles.
    """
    ways: dict[str, Callable[[Network], Network]] = {
        "copy.deepcopy": deepcopy,
        "pickle": lambda network: pickle.loads(pickle.dumps(network)),
    }
    for way, copy in ways.items():
        advice = "keep no lambda, local function, open file or generator in an attribute"
        try:
            copied = copy(subject.trained)
        except Exception as error:
            raise FailedCheckError(f"{way} fails ({one_line(error)}); {advice}") from None
        _compare(subject, copied, f"copied by {way}", advice)


def precision(subject: Subject) -> None:
    """Scores in double precision are float64 and nearly the same.

    Exact gradients, certificates and a comparison of machines need it. A tensor that `forward` makes as float32 fails.
    """
    signal, x = subject.windows(5), subject.features(5)
    scores = subject.scores(subject.trained, signal, x)
    advice = "make tensors in `forward` with the dtype and device of the signal: signal.new_zeros(...), or a buffer"
    try:
        exact = subject.scores(subject.twin().double(), signal.double(), x.double())
    except Exception as error:
        raise FailedCheckError(f"in double precision: {one_line(error)}; {advice}") from None
    if exact.dtype != torch.float64:
        raise FailedCheckError(f"in double precision the scores are {exact.dtype}; {advice}")
    if not torch.allclose(exact.float(), scores, atol=1e-3, rtol=1e-3):
        raise FailedCheckError(
            f"in double precision scores differ by {(exact - scores).abs().max():.2g}; look for sums that cancel"
        )


def device(subject: Subject) -> None:
    """Scores on a CUDA device are nearly those of the CPU, and back on the CPU they are the same again."""
    if not torch.cuda.is_available():
        raise NotJudgedError("no CUDA device here")
    signal, x = subject.windows(5), subject.features(5)
    scores = subject.scores(subject.trained, signal, x)
    advice = "make tensors in `forward` on the device of the signal: signal.new_zeros(...), or a buffer"
    moved = subject.twin().to("cuda")
    try:
        there = subject.scores(moved, signal.to("cuda"), x.to("cuda")).cpu()
    except Exception as error:
        raise FailedCheckError(f"on CUDA: {one_line(error)}; {advice}") from None
    if not torch.allclose(there, scores, atol=1e-2, rtol=1e-2):  # convolutions there may round to ten bits
        raise FailedCheckError(f"on CUDA scores differ by {(there - scores).abs().max():.2g}; {advice}")
    _compare(subject, moved.to("cpu"), "moved to CUDA and back", advice)


def _compare(subject: Subject, other: Network, how: str, advice: str) -> None:
    if type(other) is not type(subject.trained) or other.specification != subject.trained.specification:
        raise FailedCheckError(f"{how}, it is another network: {other.specification}; {advice}")
    signal = subject.windows(5)
    if not is_close(subject.scores(other.eval(), signal), subject.scores(subject.trained, signal)):
        raise FailedCheckError(f"{how}, it gives other scores; {advice}")


def _not_plain(value: Any) -> str | None:
    """What in a value a checkpoint cannot hold as plain type, or None."""
    if value is None or isinstance(value, bool | int | str):
        return None
    if isinstance(value, float):
        return None if isfinite(value) else repr(value)
    if isinstance(value, list):
        return next((odd for one in value if (odd := _not_plain(one)) is not None), None)
    if isinstance(value, dict):
        keys = next((f"the key {key!r}" for key in value if not isinstance(key, str)), None)
        return keys or _not_plain(list(value.values()))
    return f"a value of the type {type(value).__name__}"


def _from_elsewhere(module: str) -> str:
    """What another process needs to read the checkpoint."""
    if module.startswith("fhr.models."):
        return ""
    try:
        found = module != "__main__" and find_spec(module) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        return f"no other process can import {module}; move the class to a module before you keep a checkpoint"
    return f"another process reads its checkpoint with {TRUSTED}={module}, or once it imported that"
