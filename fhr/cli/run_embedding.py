"""The embedding of `--run`: what the networks of a run make of a window."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhr.similarity import Embedding

__all__ = ["run_embedding"]


def run_embedding(options: argparse.Namespace) -> "Embedding":
    """Load the models of `--run` on `--device` and take what they pool of windows of `--window`.

    Raises:
        FHRError: no such run, or models that pool no features.
    """
    from fhr.compute import pick_device
    from fhr.prediction import load, network_embedding

    return network_embedding(load(options.model, device=pick_device(options.device)), minutes=options.window)
