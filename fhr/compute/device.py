"""Device of torch, by name; an unknown or absent one is refused with those that are there."""

import logging
import re

from fhr.errors import FHRError

__all__ = ["check_device", "pick_device"]

_log = logging.getLogger(__name__)


def pick_device(name: str = "auto", *, float64: bool = False) -> str:
    """Pick the torch device that `name` stands for, tried out with one number.

    `auto` is the first that works of cuda, mps and cpu. Numbers of two devices agree but for rounding.

    Args:
        name: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        float64: whether the work needs 64-bit floats, which MPS does not have: it is refused then, and `auto` says in a
            warning that it was passed over.

    Raises:
        FHRError: another name, a device that is not here, or one without 64-bit floats.

    Example:
        >>> pick_device("cpu")
        'cpu'
    """
    if check_device(name) == "cpu":
        return name
    if name == "auto":
        return _first_that_works(float64)
    if name == "mps" and float64:
        raise FHRError("device mps has no 64-bit floats, which this computation needs; give cpu or auto")
    if (reason := _hindrance(name)) is not None:
        here = [device for device in _present() if device != name]
        raise FHRError(f"device {name} is not to be had here ({reason}); there is {', '.join(here)}, or give auto")
    return name


def check_device(name: str) -> str:
    """Check the name of a device, which may be on another machine.

    Raises:
        FHRError: another name.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?|mps", name):
        raise FHRError(f"device {name!r}; choose auto, cpu, cuda, cuda:N or mps")
    return name


def _first_that_works(float64: bool) -> str:
    for device in _present():
        if device == "mps" and float64:
            _log.warning("the GPU (mps) has no 64-bit floats, which this computation needs; the cpu is used")
        elif (reason := _hindrance(device)) is None:
            return device
        else:
            _log.warning("device %s does not work (%s); another one is used", device, reason)
    return "cpu"


def _present() -> list[str]:
    """The devices that torch sees, the fastest first."""
    import torch

    cuda = ["cuda", *(f"cuda:{i}" for i in range(1, torch.cuda.device_count()))] if torch.cuda.is_available() else []
    return [*cuda, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def _hindrance(device: str) -> str | None:
    """Why a number cannot be kept on the device: none there, no driver, one that is full; None where it can."""
    import torch

    try:
        torch.zeros(1, device=device).add_(1).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None
