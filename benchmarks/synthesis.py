"""Measure what surrogates of real labours keep and lose, record by record, and how fast they are made.

python benchmarks/synthesis.py FOLDER [--records 40] [--only filling phases iaaft pinned resampled]
python benchmarks/synthesis.py FOLDER --speed [--signals 512]

FOLDER is that of CTU-UHB. Signals are the last 60 min at 4 Hz, cleaned, of recordings that miss less than half of FHR
and of UC in them and whose UC varies; with --records so many of them, evenly spread over the list. What is missing is
filled for the transform and taken away again before anything is compared.

Compared with the original, of each record: skewness of increments over 5 s of FHR; lag of FHR behind UC, at which their
cross-correlation between 4 and 50 mHz is lowest within 0 to 90 s, of all records and of those in which it is below
-0.3; log-cumulants C_1(j) and C_2(j) of p-leaders at the scales 3 to 9, beside the original's own 95% bootstrap
interval, and beside the band that holds 95% of all records; the correlation of surrogate and original, 1 for a copy.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from fhr.datasets import CTUUHB
from fhr.multiscale import analyze
from fhr.preprocessing import DEFAULT_STEPS, clean, draw_gap_patterns
from fhr.synthesis import fill_for_transform, iaaft, phase_randomized, resampled, wavelet_iaaft

FS, N = 4.0, 14400
STEP = round(5 * FS)
SCALES = {"j1": 3, "j2": 9}


@dataclass
class Labours:
    """Last hours of recordings: signals (record, 2, time), NaN is missing; second stages, s; loss (record, 2)."""

    signals: np.ndarray
    stage2: np.ndarray
    loss: np.ndarray


def labours(folder: str) -> Labours:
    signals, stage2 = [], []
    for recording in CTUUHB(folder):
        if len(recording) >= N:
            cleaned = clean(recording, DEFAULT_STEPS)
            signals.append(np.stack([cleaned.fhr[-N:], cleaned.uc[-N:]]).astype(np.float64))
            stage2.append(recording.stage2_start * FS - (len(recording) - N))
    x = np.array(signals)
    return Labours(x, np.maximum(stage2, 0), np.isnan(x).mean(-1))


def usable(data: Labours, records: int | None) -> np.ndarray:
    spread = np.nanstd(np.where(data.loss[..., None] < 1, data.signals, 0.0), axis=-1)  # a lost channel has none
    chosen = np.flatnonzero((data.loss < 0.5).all(-1) & (spread[:, 1] > 1))
    return chosen if records is None else chosen[np.linspace(0, len(chosen) - 1, records).astype(int)]


def increment_skewness(x: np.ndarray, measured: np.ndarray) -> np.ndarray:
    step = x[:, STEP:] - x[:, :-STEP]
    weight = measured[:, STEP:] & measured[:, :-STEP]
    n = weight.sum(-1)
    centred = (step - ((step * weight).sum(-1) / n)[:, None]) * weight
    return (centred**3).sum(-1) / n / ((centred**2).sum(-1) / n) ** 1.5


def lag(x: np.ndarray, measured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lag (record,), s, and the correlation there, of signals (record, 2, time)."""
    known = np.where(measured, x, np.nan)
    transform = np.fft.rfft(np.nan_to_num(known - np.nanmean(known, -1, keepdims=True)))
    frequency = np.fft.rfftfreq(N, 1 / FS)
    transform[..., (frequency < 0.004) | (frequency > 0.05)] = 0
    size = np.sqrt((np.abs(transform) ** 2).sum(-1)).prod(-1)
    crossed = np.fft.irfft(transform[:, 0] * transform[:, 1].conj(), N) * N / 2 / size[:, None]
    within = crossed[:, : round(90 * FS)]
    return within.argmin(-1) / FS, within.min(-1)


class Originals:
    """Records that surrogates are compared with."""

    def __init__(self, signals: np.ndarray) -> None:
        self.measured = self.kept = ~np.isnan(signals)  # the former moves with rearranged signals
        self.filled = fill_for_transform(signals)
        self.skewness = increment_skewness(self.filled[:, 0], self.measured[:, 0])
        self.lag, self.correlation = lag(self.filled, self.measured)
        found = self.analysis(self.filled, n_bootstrap=100)
        self.interval = found.intervals["cumulants"][:, :2]
        self.band = np.nanquantile(found.cumulants[:, :2], [0.025, 0.975], axis=0)

    def analysis(self, x: np.ndarray, n_bootstrap: int = 0):
        """Log-cumulants of FHR where it was measured."""
        options = {**SCALES, "n_bootstrap": n_bootstrap, "require_regularity": False}
        return analyze(x[:, 0], mask=self.measured[:, 0], **options)

    def row(self, name: str, x: np.ndarray, spectrum_error: np.ndarray) -> str:
        """Row of the table for surrogates (record, 2, time)."""
        skewness = np.abs(increment_skewness(x[:, 0], self.measured[:, 0]) / self.skewness - 1)
        apart = np.abs(lag(x, self.measured)[0] - self.lag)
        coupled = self.correlation < -0.3
        cumulants = self.analysis(x).cumulants[:, :2]
        own, band = (
            ((cumulants >= low) & (cumulants <= high)).mean(-1)
            for low, high in ((self.interval[..., 0], self.interval[..., 1]), self.band)
        )
        z, o = (one - one.mean(-1, keepdims=True) for one in (x, self.filled))
        r = (z * o).sum(-1) / np.sqrt((z**2).sum(-1) * (o**2).sum(-1))
        cells = [
            f"{(skewness <= 0.1).mean():.0%} ({np.median(skewness):.0%})",
            f"{(apart <= 2).mean():.0%}",
            f"{(apart[coupled] <= 2).mean():.0%}",
            *(f"{(own[:, m] >= 0.9).mean():.0%} ({own[:, m].mean():.0%})" for m in (0, 1)),
            *(f"{band[:, m].mean():.0%}" for m in (0, 1)),
            *(f"{np.median(r[:, c]):.3f}" for c in (0, 1)),
            ", ".join(f"{np.median(spectrum_error[:, c]):.4f}" for c in (0, 1)),
        ]
        return f"| {name} | {' | '.join(cells)} |"


def filling(data: Labours, records: int | None) -> None:
    """Gaps of other records cut out of nearly complete ones, and filled."""
    print("| channel | rule | lines, L2 | values, RMS / SD: median, 90% | octaves above 8 mHz, log power: median |")
    print("|---|---|---|---|---|")
    for c, channel in enumerate(("FHR", "UC")):
        varied = np.nanstd(np.nan_to_num(data.signals[:, c]), axis=-1) > 1
        whole = np.flatnonzero((data.loss[:, c] < 0.02) & varied)[:records]
        truth = fill_for_transform(data.signals[whole, c])
        donors = np.isnan(data.signals[(data.loss[:, c] > 0.05) & (data.loss[:, c] < 0.5), c])
        gaps = draw_gap_patterns(donors, len(truth), seed=0)
        for rule in ("mirror", "linear"):
            filled = fill_for_transform(np.where(gaps, np.nan, truth), rule=rule)
            asked, found = (np.abs(np.fft.rfft(one))[:, 1:] for one in (truth, filled))
            lines = np.linalg.norm(found - asked, axis=-1) / np.linalg.norm(asked, axis=-1)
            values = np.sqrt(((np.sort(filled) - np.sort(truth)) ** 2).mean(-1)) / truth.std(-1)
            frequency = np.fft.rfftfreq(N, 1 / FS)[1:]
            octaves = [(frequency >= 0.008 * 2**k) & (frequency < 0.016 * 2**k) for k in range(8)]
            power = [np.log((found[:, o] ** 2).sum(-1) / (asked[:, o] ** 2).sum(-1)) for o in octaves]
            print(
                f"| {channel} | {rule} | {np.median(lines):.3f} | {np.median(values):.3f}, "
                f"{np.quantile(values, 0.9):.3f} | {np.median(np.mean(power, 0)):+.3f} |"
            )
        print(f"({len(truth)} records)")


def phases(data: Labours, records: int | None) -> None:
    """Largest error of the periodogram and of the cross-periodogram, beside the largest line."""
    x = fill_for_transform(data.signals[usable(data, records)])
    for n in (N, N - 1):
        asked = np.fft.rfft(x[..., :n])
        found = np.fft.rfft(phase_randomized(x[..., :n], seed=0))
        crossed = [one[:, 0] * one[:, 1].conj() for one in (asked, found)]
        off = np.abs(np.abs(found) - np.abs(asked)).max(-1) / np.abs(asked[..., 1:]).max(-1)
        off_cross = np.abs(crossed[1] - crossed[0]).max(-1) / np.abs(crossed[0][:, 1:]).max(-1)
        print(f"phase_randomized, {n} samples: periodogram {off.max():.1e}, cross-periodogram {off_cross.max():.1e}")


def textbook(x: np.ndarray, iterations: int, seed: int = 0) -> np.ndarray:
    """IAAFT of one signal (time,) as a tight loop in NumPy."""
    values, amplitude = np.sort(x), np.abs(np.fft.rfft(x))
    surrogate = np.random.default_rng(seed).permutation(x)
    for _ in range(iterations):
        transform = np.fft.rfft(surrogate)
        near = np.fft.irfft(amplitude * transform / np.maximum(np.abs(transform), 1e-300), len(x))
        surrogate[np.argsort(near)] = values
    return surrogate


def likeness(surrogate: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Largest correlation (...) of surrogate and original over all circular shifts, forwards and backwards."""
    made, given = (np.fft.rfft(one - one.mean(-1, keepdims=True)) for one in (surrogate, x))
    size = surrogate.std(-1) * x.std(-1) * N
    return np.max([np.fft.irfft(made * one, N).max(-1) for one in (given, given.conj())], axis=0) / size


def spectrum_errors(surrogate: np.ndarray, x: np.ndarray) -> np.ndarray:
    asked, found = (np.abs(np.fft.rfft(one))[..., 1:] for one in (x, surrogate))
    return np.linalg.norm(found - asked, axis=-1) / np.linalg.norm(asked, axis=-1)


def iterative(data: Labours, records: int | None) -> None:
    """Errors of IAAFT in all its forms, beside the textbook's."""
    x = fill_for_transform(data.signals[usable(data, records)])
    print(f"{len(x)} records; medians (90% quantiles) of FHR and UC")
    print("likeness is the largest correlation with the original over all shifts, forwards and backwards")
    print("| form | spectrum, L2 | values, L2 / SD | cross-spectrum, L2 | iterations | likeness | above 0.95 |")
    print("|---|---|---|---|---|---|---|")

    def cell(errors: np.ndarray) -> str:
        pairs = zip(np.median(errors, 0), np.quantile(errors, 0.9, axis=0), strict=True)
        return ", ".join(f"{median:.4f} ({high:.4f})" for median, high in pairs)

    def alike(surrogate: np.ndarray) -> str:
        return f"{cell(likeness(surrogate, x))} | {(likeness(surrogate, x) > 0.95).mean(0).round(3).tolist()}"

    for joint in (False, True):
        for exact in ("amplitudes", "spectrum"):
            found = iaaft(x, seed=0, exact=exact, joint=joint)
            print(
                f"| {'joint' if joint else 'each channel'}, {exact} exact | {cell(found.spectrum_error)} | "
                f"{cell(found.amplitude_error)} | {cell(found.cross_error[:, None])} | "
                f"{np.median(found.iterations):.0f} ({np.quantile(found.iterations, 0.9):.0f}) | "
                f"{alike(found.signals)} |"
            )
    for iterations in (50, 200):
        made = np.apply_along_axis(partial(textbook, iterations=iterations), -1, x)
        errors = cell(spectrum_errors(made, x))
        print(f"| textbook, each channel, amplitudes exact | {errors} | 0 | - | {iterations} | {alike(made)} |")


COLUMNS = (
    "surrogate",
    "skewness within 10% (median error)",
    "lag within 2 s",
    "of the coupled",
    "C1 in its own interval at 90% of scales (of all scales)",
    "C2",
    "C1 in the band",
    "C2",
    "r of FHR",
    "of UC",
    "spectrum, L2",
)


def pinned(data: Labours, records: int | None) -> None:
    """Lag, asymmetry and log-cumulants by share that is pinned, and IAAFT, which loses them."""
    chosen = usable(data, records)
    originals = Originals(data.signals[chosen])
    x = originals.filled
    print(f"{len(x)} records, {(originals.correlation < -0.3).sum()} of them coupled")
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    print(originals.row("original", x, np.zeros((len(x), 2))))
    for joint in (False, True):
        found = iaaft(x, seed=0, joint=joint)
        print(originals.row(f"iaaft, joint={joint}", found.signals, found.spectrum_error))
    shares: dict[str, float | list[float]] = {f"{share:g}": share for share in (0.0, 0.5, 0.8, 0.9, 0.95)}
    shares["0.95 to scale 9, 0 above"] = [0.95] * 9 + [0.0]
    shares["0.95 to scale 8, 0 above"] = [0.95] * 8 + [0.0] * 2
    for name, share in shares.items():
        found = wavelet_iaaft(x, seed=0, pinned=share)
        times = ", ".join(f"{one:.2f}" for one in found.pinned.mean(0))
        print(originals.row(f"pinned {name} (times {times})", found.signals, found.spectrum_error), flush=True)
    # A way to be new and yet alike: the record's own segments in another order, before anything is randomised.
    for segments in (6, 12):
        rng = np.random.default_rng(0)
        places = np.array([rearranged(one, segments, rng) for one in x])[:, None]
        moved, originals.measured = (np.take_along_axis(one, places, -1) for one in (x, originals.kept))
        print(originals.row(f"{segments} segments in another order", moved, spectrum_errors(moved, x)))
        made = wavelet_iaaft(moved, seed=0).signals
        print(originals.row(f"{segments} segments, pinned 0.9", made, spectrum_errors(made, x)))
        print(f"likeness at any shift: {np.median(likeness(made, x), 0).round(2).tolist()}", flush=True)


def rearranged(x: np.ndarray, segments: int, rng: np.random.Generator) -> np.ndarray:
    """Places (time,) of a signal (channel, time), cut at random and put into another order that fits at the joints."""
    cuts = np.r_[0, np.sort(rng.choice(np.arange(1, N), segments - 1, replace=False)), N]
    parts = list(pairwise(cuts))
    begins = np.array([np.median(x[:, a : min(b, a + 40)], axis=-1) for a, b in parts]) / x.std(-1)
    ends = np.array([np.median(x[:, max(a, b - 40) : b], axis=-1) for a, b in parts]) / x.std(-1)
    misfit = np.abs(ends[:, None] - begins[None]).sum(-1)  # of each part before each other one
    misfit[np.arange(segments - 1), np.arange(1, segments)] = 10.0  # the old order
    orders = []
    for _ in range(20):
        left = rng.permutation(segments).tolist()
        order = [left.pop()]
        while left:
            order.append(left.pop(int(np.argmin(misfit[order[-1], left]))))
        orders.append((misfit[order[:-1], order[1:]].sum(), order))
    return np.concatenate([np.arange(*parts[k]) for k in min(orders)[1]])


def joined(data: Labours, records: int | None) -> None:
    """Resampled labours: what a joint looks like, order of the stages, loss, log-cumulants beside the band."""
    chosen = usable(data, records)
    originals = Originals(data.signals[chosen])
    x, stage2 = data.signals[chosen], np.where(data.stage2[chosen] < N, data.stage2[chosen], np.nan)
    found = resampled(list(x), len(x), time=N, seed=0, stage2_start=stage2)
    joint = (np.diff(found.source) != 0) | (np.diff(found.position) != 1)
    late = found.position >= np.where(np.isnan(stage2), np.inf, stage2)[found.source]
    in_order = (np.diff(late.astype(int), axis=-1) >= 0).all(-1).mean()
    print(f"{len(x)} labours of {joint.sum(-1).mean() + 1:.1f} segments; stage 1 before stage 2 in {in_order:.0%}")
    for c, channel in enumerate(("FHR", "UC")):
        step = np.abs(np.diff(found.signals[:, c]))
        print(
            f"{channel}: |step| at a joint, median {np.nanmedian(step[joint]):.2f}, elsewhere "
            f"{np.nanmedian(step[~joint]):.2f}; loss {np.isnan(found.signals[:, c]).mean():.3f}, of the real "
            f"{np.isnan(x[:, c]).mean():.3f}"
        )
    cumulants = analyze(found.signals[:, 0], **SCALES, require_regularity=False).cumulants[:, :2]
    inside = ((cumulants >= originals.band[0]) & (cumulants <= originals.band[1])).mean((0, 2))
    print(f"C1, C2 in the band of real records: {inside[0]:.0%}, {inside[1]:.0%} of scales")
    for name, one in (("resampled", found.signals), ("real", x)):
        fhr = np.pad(one[:, 0], ((0, 0), (0, STEP)), constant_values=np.nan).reshape(1, -1)
        measured = ~np.isnan(fhr)
        skewness = increment_skewness(np.nan_to_num(fhr), measured)[0]
        below = (fhr[measured] < 100).mean()
        print(
            f"{name}: FHR of SD {np.nanstd(fhr):.1f} bpm, {below:.3f} below 100 bpm, "
            f"skewness of increments {skewness:.2f}"
        )


def cpu_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU and of wall time."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def speed(data: Labours, signals: int) -> None:
    """Batched IAAFT beside a tight loop in NumPy that takes one signal after the other, and the floor of both."""
    torch.set_num_threads(1)
    chosen = usable(data, None)
    x = fill_for_transform(data.signals[chosen[np.arange(signals) % len(chosen)], 0])
    print(f"{signals} signals of {N} samples, FHR, one thread\n| what | CPU s | wall s | spectrum, L2: median |")
    print("|---|---|---|---|")

    def row(name: str, work: Callable[[], np.ndarray | None]) -> None:
        kept = []
        cpu, wall = cpu_seconds(lambda: kept.append(work()))
        error = "-" if kept[0] is None else f"{np.median(spectrum_errors(kept[0], x)):.4f}"
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {error} |", flush=True)

    def floor(iterations: int) -> None:
        for one in x:
            for _ in range(iterations):
                np.argsort(one)
                np.fft.irfft(np.fft.rfft(one), N)

    for iterations in (10, 20, 50):
        run = partial(iaaft, x[:, None], seed=0, joint=False, iterations=iterations, tolerance=0)
        row(f"iaaft, {iterations} iterations", lambda run=run: run().signals[:, 0])
    row("iaaft, its own stop", lambda: iaaft(x[:, None], seed=0, joint=False).signals[:, 0])
    for iterations in (50, 100, 200):
        row(
            f"tight loop, {iterations} iterations",
            lambda iterations=iterations: np.array([textbook(one, iterations) for one in x]),
        )
    row("one sort and two transforms, 50 times", lambda: floor(50))
    row("phase_randomized", lambda: phase_randomized(x[:, None], seed=0)[:, 0])
    few = x[: max(1, signals // 8), None]
    cpu, wall = cpu_seconds(lambda: wavelet_iaaft(few, seed=0))
    print(f"| wavelet_iaaft, {len(few)} signals | {cpu:.2f} | {wall:.2f} | - |")


PARTS = {"filling": filling, "phases": phases, "iaaft": iterative, "pinned": pinned, "resampled": joined}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--records", type=int, help="so many, evenly spread (default: all)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--speed", action="store_true", help="the time alone")
    parser.add_argument("--signals", type=int, default=512, help="of the time (default: 512)")
    options = parser.parse_args()
    data = labours(options.folder)
    if options.speed:
        speed(data, options.signals)
        return
    for name in options.only:
        print(f"\n## {name}: {PARTS[name].__doc__}", flush=True)
        PARTS[name](data, options.records)


if __name__ == "__main__":
    main()
