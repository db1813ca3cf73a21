"""`--device` of the verbs that compute with torch."""

import argparse
from collections.abc import Sequence

from fhr.errors import FHRError

__all__ = ["add_device", "trainer_arguments"]


def add_device(parser: argparse.ArgumentParser, *, training: bool = False) -> None:
    """The option: for networks that are trained, the trainer's own choice unless given; else the CPU.

    The CPU gives the same numbers on every machine, which a prediction should; a GPU is for those who ask.
    """
    default = "what the configuration says, else auto" if training else "cpu, the same numbers on every machine"
    parser.add_argument(
        "--device",
        metavar="NAME",
        default=None if training else "cpu",
        help=f"auto, cpu, cuda, cuda:N or mps (default: {default})",
    )


def trainer_arguments(device: str | None, arguments: Sequence[str], *, here: bool = True) -> list[str]:
    """Arguments for the trainer that stand for `--device`, to follow `arguments`.

    Args:
        device: as it was given, or None.
        arguments: what else is given; a configuration file's accelerator is overridden, one among these contradicts.
        here: whether training runs on this machine, whose devices are looked at.

    Raises:
        FHRError: an unknown device, one that is not here, or one beside `--trainer.accelerator`.
    """
    from fhr.compute import check_device, pick_device

    if device is None:
        return []
    for option in ("--trainer.accelerator", *(["--trainer.devices"] if ":" in device else [])):
        if any(argument.split("=")[0] == option for argument in arguments):
            raise FHRError(f"--device {device} beside {option}: both say where to train; give one of them")
    check_device(device)
    if here and device != "auto":
        pick_device(device)
    accelerator, _, number = device.partition(":")
    return [f"--trainer.accelerator={accelerator}", *([f"--trainer.devices=[{number}]"] if number else [])]
