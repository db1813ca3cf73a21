"""Readers of one linear score, of which every exact size is known."""

from types import SimpleNamespace

import numpy as np
import torch

from fhr.preprocessing import Pipeline
from fhr.robustness import NetworkReader, Traces, Verdicts

N = 120


class LinearNetwork:
    """Score of the heart rate (and of uterine activity) in bpm; its slope is known."""

    def __init__(self, fhr: torch.Tensor, uc: torch.Tensor) -> None:
        self.fhr, self.uc = fhr.double(), uc.double()

    def slope(self, signal: torch.Tensor) -> torch.Tensor:
        """A bpm RMS of what was measured."""
        return self.fhr.norm() * (signal[:, -1] > 0).sum(1).sqrt()


class LinearReader(NetworkReader):
    """At risk where the mean score is at least a threshold."""

    def __init__(self, threshold: float = 140.0, *, activity: float = 0.0) -> None:
        weights = torch.from_numpy(np.random.default_rng(0).uniform(0.5, 1.5, N))
        self.networks = [LinearNetwork(weights / weights.sum(), torch.full((N,), activity / N))]
        self.predictor = SimpleNamespace(pipeline=Pipeline(minutes=N / 60), networks=self.networks, features=None,
                                         device="cpu")  # fmt: skip
        self.threshold = threshold

    def scores(self, traces: Traces) -> np.ndarray:
        """Of what was measured, and of bridged samples."""
        (one,) = self.networks
        fhr, uc = (torch.nan_to_num(x, nan=fill).double() for x, fill in ((traces.fhr, 140.0), (traces.uc, 0.0)))
        return (fhr @ one.fhr + uc @ one.uc).numpy()[None]

    def decide(self, scores: np.ndarray) -> Verdicts:
        """By the mean."""
        return Verdicts(scores.mean(0), scores.mean(0) >= self.threshold)


def levels(*bpm: float) -> Traces:
    """Windows at a level, with a gap of 20 s in them."""
    fhr = torch.tensor(bpm)[:, None].repeat(1, N)
    measured = torch.ones_like(fhr)
    measured[:, 50:70] = 0.0
    fhr[:, 50:70] = torch.nan
    return Traces(fhr, torch.full_like(fhr, 30.0), measured, 1.0, tuple(f"level {one:g}" for one in bpm))
