"""Births of an invented hospital and what an invented model says of them, for tests of external validation."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from fhr.confidence import LEVELS, Prediction
from fhr.evaluation import LocalBirths
from fhr.models import CheckpointCard
from fhr.preprocessing import Pipeline
from fhr.recording import Clinical, Recording

TARGET = "ph<7.20"


@dataclass(frozen=True)
class Hospital:
    """Births, predictions of them, and the card of the model."""

    births: LocalBirths
    predictions: list[Prediction]
    cards: list[CheckpointCard]


def recordings(n: int, minutes: int = 2) -> list[Recording]:
    """Short ones, each with other signals."""
    generator = np.random.default_rng(0)
    return [
        Recording(
            f"b{i:03d}",
            (140 + generator.normal(0, 5, minutes * 240)).astype(np.float32),
            np.full(minutes * 240, 10, np.float32),
            4.0,
            clinical=Clinical(delivery_type=1.0 + (i % 4 == 0)),
        )
        for i in range(n)
    ]


def hospital(n: int = 120, *, a: float = 0.0, b: float = 1.0, seed: int = 0) -> Hospital:
    """Births whose true log-odds are a + b times those of the model."""
    generator, made = np.random.default_rng(seed), recordings(n)
    x = generator.normal(-1, 1, n)
    labels = pd.Series((generator.random(n) < expit(a + b * x)).astype(int), [r.name for r in made], name=TARGET)
    sets = [(f"not {TARGET}",), (f"not {TARGET}", TARGET), (TARGET,)]
    predictions = [
        Prediction(
            recording.name,
            TARGET,
            float(expit(at)),
            float(at),
            loss=float(generator.random()) / 2,
            decision=bool(at > 0),
            sets={level: sets[int(np.digitize(at, (-1.5, 0.5)))] for level in LEVELS},
            distance=float(generator.random()),
        )
        for recording, at in zip(made, x, strict=True)
    ]
    pipeline = Pipeline().to_dict()
    card = CheckpointCard(
        {}, pipeline, TARGET, 0.3, ("a" * 64, "b" * 64), "d", "s", (0, 0, 0), epochs=1, calibrator=None, version="0"
    )
    groups = pd.DataFrame({"ward": np.where(np.arange(n) % 3, "north", "south")}, index=labels.index)
    births = LocalBirths(tuple(made), labels, groups, tuple(f"{i:064d}" for i in range(n)), {}, "checksum")
    return Hospital(births, predictions, [card])


def flat(given: Hospital) -> Hospital:
    """The same with one score for all."""
    return Hospital(given.births, [replace(p, score=1.0) for p in given.predictions], given.cards)
