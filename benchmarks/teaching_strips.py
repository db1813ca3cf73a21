"""Strips that fulfil a criterion of FIGO 2015 or NICHD 2008 just not and just so, and what the package says of them.

    python benchmarks/teaching_strips.py

Each strip is 60 min of drawn FHR and UC, read from the samples as any recording. The two of a criterion differ in one
number alone. The numbers are those of the guidelines' texts: FIGO 2015, Ayres-de-Campos, Spong and Chandraharan,
doi:10.1016/j.ijgo.2015.06.020, tables 1 and 2 and section 3; NICHD 2008, Macones et al.,
doi:10.1097/AOG.0b013e3181841395, definitions and three-tier system.
"""

# ruff: noqa: E501, SIM300 - a pair of strips is one line

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fhr.morphology import Morphology, analyze
from fhr.recording import Recording

FS, MINUTES, EVERY = 4.0, 60, 180  # Hz; min; s between contractions
TIME = np.arange(round(MINUTES * 60 * FS)) / FS


def variability(width: float | np.ndarray, seed: int = 0) -> np.ndarray:
    """Restlessness whose bandwidth of a minute is `width` bpm in the median."""
    noise = np.convolve(np.random.default_rng(seed).normal(size=len(TIME)), np.hanning(25), "same")
    low, high = np.quantile(noise.reshape(MINUTES, -1), [0.025, 0.975], axis=1)
    return noise / np.median(high - low) * width


def level(bpm: float, minutes: float = 60.0) -> np.ndarray:
    """A baseline of 140 bpm, and of `bpm` in the middle `minutes`."""
    return np.where(np.abs(TIME - 1800) < 30 * minutes, bpm, 140.0)


def partly(width: float, minutes: float, usual: float = 10.0) -> np.ndarray:
    """Variability of one bandwidth in the last `minutes`, of the usual one before."""
    return np.where(TIME >= 3600 - 60 * minutes, variability(width), variability(usual))


def falls(
    number: int, depth: float = 30.0, *, after: float = 20.0, fall: float = 15.0, floor: float = 20.0, back: float = 15.0,
    every: int = 1, first: int = 2,
) -> np.ndarray:  # fmt: skip
    """Decelerations with `number` contractions, one in `every`, that begin `after` s from their onset."""
    below = np.zeros(len(TIME))
    for k in range(first, first + number * every, every):
        at = EVERY * k + after + np.cumsum([0, fall, floor, back])
        below += np.interp(TIME, at, [0, depth, depth, 0], 0, 0)
    return below


def sine(minutes: float) -> np.ndarray:
    """A sine of four cycles a minute in the middle."""
    return np.where(np.abs(TIME - 1800) < 30 * minutes, 7 * np.sin(2 * np.pi * TIME / 15), variability(10.0))


def late(number: int, width: float | np.ndarray = 10.0) -> np.ndarray:
    """Late decelerations: gradual, half a minute after the contraction's onset, over when it is."""
    noise = width if isinstance(width, np.ndarray) else variability(width)
    return 140 + noise - falls(number, 25, after=35, fall=40, floor=5, back=40)


def read(rate: np.ndarray) -> Morphology:
    """What the package makes of the strip: contractions of 80 s with their peak in the middle, every 3 min."""
    since = TIME % EVERY
    contraction = np.where(since < 80, 50 * np.sin(np.pi * since / 80) ** 2, 0.0)
    return analyze(Recording("strip", rate, 10 + contraction + np.random.default_rng(9).normal(0, 0.3, len(TIME)), FS))


class Pair(NamedTuple):
    """A criterion and two strips."""

    guideline: str
    criterion: str
    category: str
    words: str
    draw: Callable[[float], np.ndarray]
    below: float
    above: float


def _flat_floor(width: float) -> np.ndarray:
    inside = (TIME > 1260) & (TIME < 1500)
    quiet = np.where(inside, variability(width), variability(10.0))
    return 140 + quiet - np.interp(TIME, [1250, 1262, 1498, 1515], [0, 40, 40, 0], 0, 0)


def _one(length: float, depth: float = 40.0) -> np.ndarray:
    return (
        140
        + variability(10.0)
        - np.interp(TIME, 1800 + np.array([0, 12, length - 15, length]), [0, depth, depth, 0], 0, 0)
    )


FIGO, NICHD = "FIGO 2015", "NICHD 2008"
PAIRS = [
    Pair(FIGO, "tachycardia", "suspicious", "baseline above 160 bpm, bpm", lambda x: level(x, 20) + variability(10), 158, 162),
    Pair(FIGO, "tachycardia", "suspicious", "for 10 min, min", lambda x: level(185, x) + variability(10), 8, 12),
    Pair(FIGO, "bradycardia", "suspicious", "baseline below 110 bpm, bpm", lambda x: level(x, 20) + variability(10), 112, 108),
    Pair(FIGO, "bradycardia", "pathological", "baseline below 100 bpm, bpm", lambda x: level(x, 20) + variability(10), 102, 98),
    Pair(FIGO, "reduced variability", "suspicious", "bandwidth below 5 bpm, bpm", lambda x: 140 + partly(x, 25), 5.6, 4.5),
    Pair(FIGO, "reduced variability", "pathological", "for more than 50 min, min", lambda x: 140 + partly(3, x), 48, 53),
    Pair(FIGO, "increased variability", "suspicious", "bandwidth above 25 bpm, bpm", lambda x: 140 + partly(x, 25), 22, 29),
    Pair(FIGO, "increased variability", "pathological", "for more than 30 min, min", lambda x: 140 + partly(30, x), 28, 34),
    Pair(FIGO, "sinusoidal pattern", "pathological", "for more than 30 min, min", lambda x: 140 + sine(x), 28, 33),
    Pair(FIGO, "repetitive decelerations", "suspicious", "with more than 50% of contractions, one in", lambda x: 140 + variability(10) - falls(round(16 / x), every=round(x)), 3, 1),
    Pair(FIGO, "repetitive decelerations", "suspicious", "more than 15 bpm, bpm", lambda x: 140 + variability(4.9) - falls(12, x), 13, 18),
    Pair(FIGO, "repetitive late or prolonged decelerations", "pathological", "for more than 30 min: with so many contractions, of which half make 31 min", lambda x: late(round(x)), 4, 8),
    Pair(FIGO, "repetitive late or prolonged decelerations", "pathological", "more than 20 min of reduced variability, min of it", lambda x: late(5, np.where((TIME > 300) & (TIME < 300 + 60 * x), variability(3.0), variability(12.0))), 8, 24),
    Pair(FIGO, "repetitive late or prolonged decelerations", "pathological", "gradual: return of more than 30 s, s", lambda x: 140 + variability(10) - falls(12, 40, after=40, fall=15, floor=10, back=x), 24, 38),
    Pair(FIGO, "repetitive late or prolonged decelerations", "pathological", "gradual: fall of more than 30 s, s", lambda x: 140 + variability(6) - falls(12, 40, after=40, fall=x, floor=10, back=22), 24, 38),
    Pair(FIGO, "repetitive late or prolonged decelerations", "pathological", "more than 20 s after the onset of the contraction, s", lambda x: 140 + variability(6) - falls(12, 40, after=x, fall=40, floor=0, back=45), 12, 29),
    Pair(FIGO, "prolonged deceleration", "pathological", "longer than 5 min, s", _one, 285, 315),
    Pair(FIGO, "reduced variability in a deceleration", "pathological", "bandwidth below 5 bpm for 3 min within, bpm", _flat_floor, 8, 3),
    Pair(NICHD, "tachycardia", "II", "baseline, to 5 bpm, above 160, bpm", lambda x: level(x, 20) + variability(10), 161, 164),
    Pair(NICHD, "tachycardia", "II", "for 10 min, min", lambda x: level(185, x) + variability(10), 8, 12),
    Pair(NICHD, "bradycardia", "II", "baseline, to 5 bpm, below 110, bpm", lambda x: level(x, 20) + variability(10), 109, 106),
    Pair(NICHD, "bradycardia", "III", "absent variability: bandwidth, bpm", lambda x: level(95) + variability(x), 3, 1),
    Pair(NICHD, "minimal variability", "II", "bandwidth of 5 bpm or less, bpm", lambda x: 140 + partly(x, 25), 5.6, 4.5),
    Pair(NICHD, "marked variability", "II", "bandwidth above 25 bpm, bpm", lambda x: 140 + partly(x, 25), 22, 29),
    Pair(NICHD, "sinusoidal pattern", "III", "for 20 min, min", lambda x: 140 + sine(x), 17, 23),
    Pair(NICHD, "prolonged deceleration", "II", "2 min or more, s", _one, 110, 130),
    Pair(NICHD, "prolonged deceleration", "II", "15 bpm or more, bpm", lambda x: 140 + variability(4.9) - np.interp(TIME, 1800 + np.array([0, 12, 150, 165]), [0, x, x, 0], 0, 0), 12, 18),
    Pair(NICHD, "late decelerations", "II", "gradual: fall of 30 s or more, s", lambda x: 140 + variability(6) - falls(12, 40, after=40, fall=x, floor=10, back=22), 24, 38),
    Pair(NICHD, "late decelerations", "II", "nadir after the peak of the contraction, s after its onset", lambda x: 140 + variability(6) - falls(12, 40, after=x - 40, fall=40, floor=0, back=40), 42, 65),
    Pair(NICHD, "recurrent late decelerations", "III", "absent variability: bandwidth, bpm", lambda x: late(16, x), 3, 1),
    Pair(NICHD, "recurrent late decelerations", "III", "with half of the contractions, one in", lambda x: 140 + variability(1) - falls(round(16 / x), 25, after=35, fall=40, floor=5, back=40, every=round(x)), 3, 2),
    Pair(NICHD, "recurrent variable decelerations", "III", "with half of the contractions, one in", lambda x: 140 + variability(1) - falls(round(16 / x), every=round(x)), 3, 2),
]  # fmt: skip


def says(pair: Pair, value: float) -> bool:
    """Whether the category of the strip drawn with that number names the criterion in that category."""
    morphology = read(pair.draw(value))
    category = morphology.figo if pair.guideline == FIGO else morphology.nichd
    return any(c.name == pair.criterion and c.category == pair.category for c in category.criteria)


def main() -> None:
    print("| guideline | criterion | category | number | just not | just so |\n|---|---|---|---|---|---|")
    for pair in PAIRS:
        cells = (f"{value:g}: {('no', 'yes')[says(pair, value)]}" for value in (pair.below, pair.above))
        print(f"| {pair.guideline} | {pair.criterion} | {pair.category} | {pair.words} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
