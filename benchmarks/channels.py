"""Real recordings as others store them: units, marks of missing samples, types and transducers, in NumPy archives.

python benchmarks/channels.py "$FHR_DATA" [--every N]

First the rates that real hearts and monitors give, then for each form the recordings that are read as they were, within
the rounding of the form, and those that are refused or read otherwise.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import fhr
from fhr.errors import FHRError
from fhr.formats import recordings_in

_SETS = ("ctu-uhb-ctgdb", "fhrma-morphology", "fhrma-false-signals")
_LOWEST, _HIGHEST = 20.0, 300.0  # bpm
_HOUR = 4 * 3600  # samples of CTU-UHB
_PAIRS = 4000
_MARKS = (-1, -9999, 999, 65535, 1e20)
Form = Callable[[np.ndarray], dict[str, np.ndarray]]


def _marked(mark: float) -> Form:
    return lambda rate: {"fhr": np.where(np.isnan(rate), mark, rate)}


def _halves(rate: np.ndarray, overlap: int) -> dict[str, np.ndarray]:
    at = np.arange(len(rate))
    middle = len(rate) // 2
    return {
        "FHR1": np.where(at < middle + overlap, rate, 0),
        "FHR2": np.where(at >= middle, rate, 0),
    }


FORMS: dict[str, Form] = {
    "bpm, 0 missing": lambda rate: {"fhr": np.nan_to_num(rate)},
    "Hz": lambda rate: {"fhr_hz": rate / 60},
    "intervals in ms": lambda rate: {"fhr_ms": 60_000 / rate},
    "intervals in s": lambda rate: {"fhr (s)": 60 / rate},
    "quarters, uint16": lambda rate: {"FHR 0.25bpm": np.nan_to_num(4 * rate).round().astype(np.uint16)},
    "whole bpm, int16": lambda rate: {"FHR [1/min]": np.nan_to_num(rate).round().astype(np.int16)},
    **{f"missing is {mark:g}": _marked(mark) for mark in _MARKS},
    "whole bpm, uint8, 255 missing": lambda rate: {
        "fhr": np.where(np.isnan(rate), 255, rate.round().clip(max=254)).astype(np.uint8)
    },
    "transducer, then scalp": lambda rate: _halves(rate, 0),
    "the same with 5 min of both": lambda rate: _halves(rate, 1200),
    "two columns of one array": lambda rate: {"fhr": np.stack(list(_halves(rate, 0).values()), axis=1)},
    "second transducer empty": lambda rate: {"US1": np.nan_to_num(rate), "US2": np.zeros(len(rate))},
}
CLEAR_REFUSALS: dict[str, Form] = {  # nothing says the unit, or two hearts
    "Hz that nothing says": lambda rate: {"fhr": rate / 60},
    "ms that nothing says": lambda rate: {"fhr": 60_000 / rate},
    "quarters that nothing says": lambda rate: {"fhr": rate * 4},
    "half bpm, half Hz": lambda rate: {"fhr": np.where(np.arange(len(rate)) % 1200 < 800, rate, rate / 60)},
    "a second heart 55 bpm below": lambda rate: {"FHR1": rate, "FHR2": rate - 55},
    "a second rate, halved": lambda rate: {"FHR1": rate, "FHR2": rate / 2},
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder of the published sets")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every N-th recording (default: 1)")
    options = parser.parse_args()
    paths = [path for name in _SETS for path in recordings_in(Path(options.data, name))][:: options.every]
    recordings = [one for one in map(fhr.read, paths) if not np.isnan(one.fhr).all()]
    _print_extremes(recordings)
    _print_pairs([one.fhr[-_HOUR:] for one in recordings if one.source and one.source.format == "wfdb"])
    print(f"\n{len(recordings)} recordings with FHR\n\n| form | as it was | refused | otherwise |\n|---|---|---|---|")
    for name, form in {**FORMS, **CLEAR_REFUSALS}.items():
        counts = Counter(_verdict(one, form, name) for one in recordings)
        print(f"| {name} | {counts['right']} | {counts['refused']} | {counts['otherwise']} |")


def _print_extremes(recordings: list[fhr.Recording]) -> None:
    print("| rate | recordings | samples | lowest, bpm | highest | below 20 or above 300 |\n|---|---|---|---|---|---|")
    for channel in ("fhr", "mhr"):
        known = [rate[~np.isnan(rate)] for rate in (getattr(one, channel) for one in recordings) if rate is not None]
        values = np.concatenate(known)
        beyond = int(((values < _LOWEST) | (values > _HIGHEST)).sum())
        print(f"| {channel} | {len(known)} | {len(values)} | {values.min():g} | {values.max():g} | {beyond} |")


def _print_pairs(rates: list[np.ndarray]) -> None:
    """Median differences of random pairs of recordings, which are two fetuses."""
    generator = np.random.default_rng(0)
    found = []
    for i, j in generator.integers(0, len(rates), (_PAIRS, 2)):
        difference = np.abs(rates[i] - rates[j])
        if i != j and np.count_nonzero(~np.isnan(difference)) > 60 * 4:
            found.append(np.nanmedian(difference))
    shares = ", ".join(f"{np.mean(np.array(found) <= bpm):.2%} by {bpm} bpm or less" for bpm in (3, 5, 10))
    print(f"\nOf {len(found)} pairs of recordings of CTU-UHB (last hour) the rates differ in the median: {shares}.")


def _verdict(recording: fhr.Recording, form: Form, name: str) -> str:
    truth = recording.fhr.astype(np.float64)
    if "whole" in name:
        truth = truth.round().clip(max=254) if "255" in name else truth.round()
    with TemporaryDirectory() as folder, np.errstate(invalid="ignore"):
        path = Path(folder, "a.npz")
        arrays: dict[str, Any] = form(recording.fhr.astype(np.float64))
        np.savez(path, **arrays, fs=recording.fs)
        try:
            found = fhr.read(path).fhr
        except FHRError:
            return "refused"
    tolerance = 0.126 if "quarters" in name else 1e-4
    return "right" if np.allclose(found, truth, rtol=1e-6, atol=tolerance, equal_nan=True) else "otherwise"


if __name__ == "__main__":
    main()
