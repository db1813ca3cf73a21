"""How true `scattering_synthesis` is to real records, one by one, beside phase randomisation and IAAFT; and its time.

OMP_NUM_THREADS=1 python benchmarks/scattering_synthesis.py FOLDER [--records 24] [--rate 1] [--iterations 400]
    [--skip 0] [--seed 0] [--figure strips.png]

FOLDER is that of CTU-UHB. Windows are the last 60 minutes of the first records, after --skip of them, that lack at most
10% of FHR and of UC once cleaned and have a UC that moves; gaps are bridged by straight lines. Signals are at 4 Hz or
means of a second. A row of the first table is a method, a share that of records:

- lag: UC to FHR where their correlation is least, -10 to 90 s, from 1/300 to 1/20 Hz; within 2 s of the record's;
- skewness of FHR's increments over 5 s: within 10% of the record's;
- C1, C2: at least 90% of C1(j) and C2(j), scales of 2 to 64 s, inside the record's 95% bootstrap intervals;
- likeness: median of the largest correlation of FHR with the record's over all shifts, whole and from 1/300 to 1/20 Hz.
  Other records have it too: see the last row.

The second table is of events that `fhr.morphology` finds: number an hour, medians of depth and length, and the median
time from a contraction's peak to the next nadir within 90 s.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from scipy.signal import butter, correlate, sosfiltfilt

from fhr.datasets import CTUUHB
from fhr.morphology import find_each
from fhr.multiscale import analyze
from fhr.preprocessing import DEFAULT_STEPS, block_mean, clean
from fhr.synthesis import scattering_synthesis

SECONDS = 3600
BAND = (1 / 300, 1 / 20)


def windows(folder: str, rate: int, records: int, skip: int) -> np.ndarray:
    """(record, channel, time)."""
    chosen: list[np.ndarray] = []
    for recording in CTUUHB(folder):
        cleaned = clean(recording, DEFAULT_STEPS)
        if cleaned.duration < SECONDS or len(chosen) == records + skip:
            continue
        x = np.array([channel[-4 * SECONDS :] for channel in (cleaned.fhr, cleaned.uc)], dtype=float)
        missing = np.isnan(x)
        if (missing.mean(-1) > 0.1).any() or np.nanstd(x[1]) < 3:
            continue
        for channel, gone in zip(x, missing, strict=True):
            channel[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), channel[~gone])
        chosen.append(block_mean(x, 4 // rate))
    return np.array(chosen[skip:])


def phase_randomised(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same phases are added in both channels, so that cross-spectra stay."""
    spectra = np.fft.rfft(x)
    turns = np.exp(2j * np.pi * rng.random((len(x), 1, spectra.shape[-1])))
    turns[..., 0] = 1
    return np.fft.irfft(spectra * turns, n=x.shape[-1])


def iaaft(x: np.ndarray, rng: np.random.Generator, iterations: int = 100) -> np.ndarray:
    """Channel by channel, amplitudes exact."""
    ordered, size = np.sort(x), np.abs(np.fft.rfft(x))
    y = rng.permuted(x, axis=-1)
    for _ in range(iterations):
        spectra = np.fft.rfft(y)
        y = np.fft.irfft(size * np.exp(1j * np.angle(spectra)), n=x.shape[-1])
        y = np.take_along_axis(ordered, y.argsort(-1).argsort(-1), axis=-1)
    return y


def banded(x: np.ndarray, rate: int) -> np.ndarray:
    return sosfiltfilt(butter(2, np.array(BAND) / (rate / 2), "band", output="sos"), x)


def lag(x: np.ndarray, rate: int) -> float:
    fhr, uc = banded(x, rate)
    correlation = correlate(fhr, uc)[len(uc) - 1 - 10 * rate :][: 100 * rate + 1]
    return correlation.argmin() / rate - 10


def skewness(x: np.ndarray, rate: int) -> np.ndarray:
    change = x[..., 5 * rate :] - x[..., : -5 * rate]
    change = change - change.mean(-1, keepdims=True)
    return (change**3).mean(-1) / (change**2).mean(-1) ** 1.5


def likeness(x: np.ndarray, y: np.ndarray) -> float:
    x, y = ((one - one.mean()) / one.std() for one in (x, y))
    return float(np.abs(np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(y).conj(), n=len(x))).max() / len(x))


def events_row(name: str, x: np.ndarray, rate: int) -> str:
    found = find_each(x[:, 0], x[:, 1], float(rate))
    depth = [d for one in found for d in one.decelerations.amplitude]
    length = [d for one in found for d in one.decelerations.end - one.decelerations.start]
    after = [
        float(later.min())
        for one in found
        for peak in one.contractions.peak
        if len(later := (wait := one.decelerations.peak - peak)[(wait >= 0) & (wait <= 90)])
    ]
    counts = [np.mean([len(getattr(one, kind).start) for one in found]) for kind in
              ("decelerations", "accelerations", "contractions")]  # fmt: skip
    middle = [statistics.median(values) if values else np.nan for values in (depth, length, after)]
    return f"| {name} | {' | '.join(f'{value:.1f}' for value in [*counts, *middle])} |"


def draw(path: str, x: np.ndarray, y: np.ndarray, rate: int) -> None:
    from matplotlib import pyplot as plt

    n = min(len(x), 4)
    figure, axes = plt.subplots(2 * n, 1, figsize=(18, 5 * n), squeeze=False, layout="constrained")
    for i, (axis, (fhr, uc)) in enumerate(zip(axes[:, 0], np.stack((x, y), 1)[:n].reshape(2 * n, 2, -1), strict=True)):
        minutes = np.arange(len(fhr)) / rate / 60
        axis.plot(minutes, fhr, color=("black", "tab:blue")[i % 2], linewidth=0.7)
        axis.plot(minutes, uc / 2, color="tab:red", linewidth=0.7)
        axis.set(ylim=(0, 200), xlim=(0, 60), ylabel=("record", "synthetic")[i % 2])
        axis.grid(alpha=0.4)
    figure.savefig(path, dpi=60)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--records", type=int, default=24)
    parser.add_argument("--rate", type=int, choices=(1, 4), default=1)
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rate = options.rate
    x = windows(options.folder, rate, options.records, options.skip)
    rng = np.random.default_rng(options.seed)

    wall, cpu = time.perf_counter(), time.process_time()
    made = scattering_synthesis(x, fs=rate, seed=options.seed, max_iterations=options.iterations)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{len(x)} records of 60 minutes at {rate} Hz: {cpu / len(x):.1f} CPU s, {wall / len(x):.1f} s a record")
    low, middle, high = np.quantile(made.relative_loss, (0, 0.5, 1))
    print(f"relative loss {middle:.1e} ({low:.1e} to {high:.1e}) after {made.iterations.mean():.0f} iterations")
    print("discrepancies: " + ", ".join(f"{name} {value.mean():.4f}" for name, value in made.discrepancies.items()))

    first = 3 if rate == 4 else 1
    scales = {"fs": rate, "j1": first, "j2": first + 5, "require_regularity": False}
    bounds = analyze(x, n_bootstrap=300, **scales).intervals["cumulants"][:, :, :2]
    lags, skews = np.array([lag(one, rate) for one in x]), skewness(x[:, 0], rate)
    slow = banded(x, rate)
    print(
        "\n| method | lag | skewness | C1, C2 of FHR | of UC | likeness | in the band |\n|---|---|---|---|---|---|---|"
    )
    methods = {
        "scattering": made.signals,
        "phase randomised": phase_randomised(x, rng),
        "IAAFT": iaaft(x, rng),
        "another record": np.roll(x, 1, axis=0),
    }
    errors = {}
    for name, y in methods.items():
        apart = np.abs([lag(one, rate) for one in y] - lags)
        skewed = np.abs(skewness(y[:, 0], rate) / skews - 1)
        cumulants = analyze(y, **scales).cumulants[:, :, :2]
        inside = (cumulants >= bounds[..., 0]) & (cumulants <= bounds[..., 1])
        errors[name] = (apart, skewed, inside.mean((0, 3)))
        enough = (inside.mean((2, 3)) >= 0.9).mean(0)
        banded_y = banded(y, rate)
        alike = [
            statistics.median(likeness(a[0], b[0]) for a, b in zip(*pair, strict=True))
            for pair in ((x, y), (slow, banded_y))
        ]
        shares = [(apart <= 2).mean(), (skewed <= 0.1).mean(), *enough, *alike]
        print(f"| {name} | {' | '.join(f'{share:.2f}' for share in shares)} |")
    for name, (apart, skewed, inside) in errors.items():
        seconds, parts = (np.quantile(one, (0.25, 0.5, 0.75, 1)) for one in (apart, skewed))
        print(f"{name}: quartiles and largest error of the lag {seconds.round(1)} s, of the skewness {parts.round(3)}")
        print(f"    share of all scales inside, C1 and C2 of FHR and of UC: {inside.ravel().round(2)}")
    print("\n| method | decelerations | accelerations | contractions | depth, bpm | length, s | delay, s |")
    print("|---|---|---|---|---|---|---|")
    for name, y in {"records": x, **methods}.items():
        if name != "another record":
            print(events_row(name, y, rate))
    if options.figure:
        draw(options.figure, x, made.signals, rate)


if __name__ == "__main__":
    main()
