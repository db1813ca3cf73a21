"""All checks of a network, in order: each has a name, rests on others, and ends in a row of a table."""

from collections.abc import Callable, Mapping
from inspect import isclass
from types import MappingProxyType
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng
from torch import nn

from fhr.errors import FHRError
from fhr.models import Network

from . import score_checks, storage_checks, training_checks
from .outcomes import CheckOutcome, Checks, FailedCheckError, NotJudgedError
from .subject import Subject, arguments_of, name_of, one_line

__all__ = ["CHECKS", "check_network"]

_FEATURES = 5  # for a network that takes some
_SHORTEST = 60  # samples: a window has room for a gap


def network(subject: Subject) -> None:
    """A factory makes an `fhr.models.Network`, which remembers its arguments, from the shapes of the data."""
    made = subject.make()
    if advice := _of_lightning(type(made)):
        raise FailedCheckError(advice)
    if not isinstance(made, Network):
        kind = type(made).__name__
        raise FailedCheckError(
            f"{kind} is no fhr.models.Network; derive it: `class {kind}(fhr.models.Network)` in place of nn.Module, "
            "with n_channels and n_outputs among its arguments"
            if isinstance(made, nn.Module)
            else f"the factory gave a {kind}; let it return a network derived from fhr.models.Network"
        )
    if type(made).forward is Network.forward:
        raise FailedCheckError("it has no `forward`; write one from (batch, channel, time) to (batch, n_outputs)")


# Name: what it does, and what it rests on: a check that rests on a failed one would only say the same again.
_ALL: dict[str, tuple[Callable[[Subject], str | None], tuple[str, ...]]] = {
    "network": (network, ()),
    "specification": (storage_checks.specification, ("network",)),
    "seed": (training_checks.seed, ("network",)),
    "shapes": (score_checks.shapes, ("network",)),
    "lengths": (score_checks.lengths, ("shapes",)),
    "repeatable": (score_checks.repeatable, ("shapes",)),
    "companions": (score_checks.companions, ("repeatable",)),
    "all_missing": (score_checks.all_missing, ("shapes",)),
    "gaps": (score_checks.gaps, ("repeatable",)),
    "measured": (score_checks.measured, ("repeatable",)),
    "features": (score_checks.features, ("repeatable",)),
    "gradients": (training_checks.gradients, ("all_missing",)),
    "checkpoint": (storage_checks.checkpoint, ("specification", "repeatable")),
    "copies": (storage_checks.copies, ("repeatable",)),
    "precision": (storage_checks.precision, ("repeatable",)),
    "device": (storage_checks.device, ("repeatable",)),
    "fit": (training_checks.fit, ("shapes",)),
}
CHECKS: Mapping[str, str] = MappingProxyType(
    {name: (check.__doc__ or "").partition("\n")[0] for name, (check, _) in _ALL.items()}
)
"""Every check by name, with what it demands."""


def check_network(
    factory: Callable[..., Network],
    *,
    n_channels: int = 3,
    n_outputs: int = 1,
    n_times: int = 3600,
    n_features: int | None = None,
    exclude: Mapping[str, str] | None = None,
) -> Checks:
    """Check that a network keeps what every network of this package promises; a few seconds for a small one.

    `fhr.testing.CHECKS` lists the checks. A check that raises any exception fails, with the exception in one line. A
    check that rests on one which fails is not judged. Global generators are as before afterwards, and no file is left.

    Args:
        factory: a class derived from `fhr.models.Network`, or a function that makes such a network, which takes those
            of the arguments `n_channels`, `n_outputs` and `n_features` that it names, as from the command line. Other
            arguments: `functools.partial(MyNetwork, width=4)`.
        n_channels: of a window: 3 for FHR, UC and mask, 2 for FHR and mask, 1 for FHR.
        n_outputs: scores a window.
        n_times: samples a window; 3600 are 60 min at 1 Hz.
        n_features: features beside each window; None for 5 where the factory takes some, else 0.
        exclude: name of a check -> the reason why it does not hold for this network.

    Raises:
        FHRError: a factory that makes no network, such as a LightningModule or a network made already; a check that
            does not exist, or no reason; shapes that no data have.

    Left out: whether a network learns well (`fhr crossval`), its speed, and more than one GPU.

    Example:
        >>> from functools import partial
        >>> from fhr.models import InceptionNet
        >>> small = partial(InceptionNet, n_filters=2, kernel_sizes=[5], depth=2, stride=4)
        >>> checks = check_network(small, n_times=600, exclude={"fit": "an example is quick"})
        >>> checks.passed
        True
        >>> checks["fit"]
        CheckOutcome(check='fit', passed=None, said='excluded: an example is quick')
    """
    excluded = dict(exclude or {})
    _refuse_mistakes(factory, excluded)
    takes_features = "n_features" in arguments_of(factory)
    if n_features is None:
        n_features = _FEATURES if takes_features else 0
    if min(n_channels, n_outputs) < 1 or n_times < _SHORTEST or n_features < 0:
        raise FHRError(
            f"n_channels={n_channels}, n_outputs={n_outputs}, n_times={n_times}, n_features={n_features}; give one "
            f"channel, one output and {_SHORTEST} samples or more, and no negative number of features"
        )
    if n_features and not takes_features:
        raise FHRError(
            f"n_features={n_features} and {name_of(factory)} has no such argument; leave it out, or add the argument"
        )
    subject = Subject(factory, n_channels, n_outputs, n_times, n_features)
    outcomes: dict[str, CheckOutcome] = {}
    unsound: set[str] = set()  # failed, or rest on what failed
    with isolate_rng(), torch.inference_mode(False), torch.enable_grad():
        for name, (check, rests_on) in _ALL.items():
            if name in excluded:
                outcomes[name] = CheckOutcome(name, None, f"excluded: {excluded[name]}")
            elif shaken := [other for other in rests_on if other in unsound]:
                unsound.add(name)
                outcomes[name] = CheckOutcome(name, None, f"rests on `{shaken[0]}`, mend that first")
            else:
                outcomes[name] = _outcome(name, check, subject)
                if outcomes[name].passed is False:
                    unsound.add(name)
    return Checks(name_of(factory), tuple(outcomes.values()))


def _outcome(name: str, check: Callable[[Subject], str | None], subject: Subject) -> CheckOutcome:
    try:
        return CheckOutcome(name, True, check(subject) or "")
    except FailedCheckError as failure:
        return CheckOutcome(name, False, str(failure))
    except NotJudgedError as reason:
        return CheckOutcome(name, None, str(reason))
    except Exception as error:  # whatever a user's code raises
        return CheckOutcome(name, False, one_line(error))


def _refuse_mistakes(factory: Any, excluded: Mapping[str, str]) -> None:
    if unknown := sorted(set(excluded) - set(_ALL)):
        raise FHRError(f"exclude={unknown}: no such check; choose from {', '.join(_ALL)}")
    for name, why in excluded.items():
        if not (isinstance(why, str) and why.strip()):
            raise FHRError(f"exclude={{{name!r}: {why!r}}}: a check is excluded with a reason; say why in words")
    if isclass(factory) and (advice := _of_lightning(factory)):
        raise FHRError(advice)
    if isinstance(factory, nn.Module):
        name = type(factory).__name__
        raise FHRError(f"a {name} that is made already; give the class or a function: check_network({name})")
    if not callable(factory):
        raise FHRError(f"{factory!r} makes no network; give a class derived from fhr.models.Network, or a function")


def _of_lightning(kind: type) -> str | None:
    """What to do in place of a LightningModule."""
    if not issubclass(kind, pl.LightningModule):
        return None
    return (
        f"{kind.__name__} is a LightningModule; the tasks of this package are that already: derive the network from "
        f"fhr.models.Network without training steps, and train fhr.tasks.ClassificationTask({kind.__name__}())"
    )
